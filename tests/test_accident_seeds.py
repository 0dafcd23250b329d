"""Code lists of accidents hold together: editions, crosswalk, families, industries, clocks."""

from __future__ import annotations

from collections import Counter

from jingjinji.codes import rows_of


def test_adopted_editions_leave_no_day_without_a_list_and_none_with_two() -> None:
    adopted = sorted(
        (r["valid_from"], r["valid_to"]) for r in rows_of("ref_accident_type_standards") if r["is_adopted"] == "true"
    )
    assert len(adopted) == 2
    assert [end for _, end in adopted] == [adopted[1][0], ""]


def test_relation_of_the_crosswalk_is_what_its_rows_say() -> None:
    rows = rows_of("ref_accident_type_crosswalk")
    targets, sources = Counter(r["code_from"] for r in rows), Counter(r["code_to"] for r in rows)
    for row in rows:
        many, shared = targets[row["code_from"]] > 1, sources[row["code_to"]] > 1
        assert row["relation"] == ("split" if many else "merge" if shared else "exact"), row
    classes = {(r["standard_code"], r["type_code"]) for r in rows_of("ref_accident_types")}
    # every class of either list has a counterpart in the other
    assert {(r["standard_from"], r["code_from"]) for r in rows} | {
        (r["standard_to"], r["code_to"]) for r in rows
    } == classes


def test_what_is_not_split_stays_in_its_family() -> None:
    family = {r["type_code"]: r["family_code"] for r in rows_of("ref_accident_types")}
    rows = [r for r in rows_of("ref_accident_type_crosswalk") if r["relation"] != "split"]
    assert [(r["code_from"], r["code_to"]) for r in rows if family[r["code_from"]] != family[r["code_to"]]] == []


def test_every_division_of_industry_lies_in_one_section_and_every_section_says_its_field() -> None:
    rows = rows_of("ref_industries")
    divisions = [r for r in rows if r["industry_level"] == "division"]
    assert [r["division_code"] for r in divisions] == [f"{n:02d}" for n in range(1, 98)]
    assert all(r["industry_code"] == r["section_code"] + r["division_code"] for r in divisions)
    # GB/T 4754-2017, where each section ends
    last = {r["section_code"]: int(r["division_code"]) for r in divisions}
    ends = "A5 B12 C43 D46 E50 F52 G60 H62 I65 J69 K70 L72 M75 N79 O82 P83 Q85 R90 S96 T97"
    assert " ".join(f"{section}{end}" for section, end in last.items()) == ends
    assert [r["section_code"] for r in rows_of("ref_industry_accident_fields")] == list(last)


def test_hops_of_a_line_follow_each_other() -> None:
    for administration in ("prefecture", "direct"):
        hops = [r for r in rows_of("ref_reporting_clocks_accidents") if r["administration"] == administration]
        assert [int(r["hop_order"]) for r in hops] == list(range(1, len(hops) + 1))
        assert [r["from_column"] for r in hops[1:]] == [r["to_column"] for r in hops[:-1]]
        # the graver the accident, the further it goes
        farther = [int(r["least_severe_grade_code"]) for r in hops]
        assert farther == sorted(farther, reverse=True)
