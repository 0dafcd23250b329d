"""May the accepted rows of new deliveries enter the warehouse?

What the standards and code lists already say is derived from them; only knowledge they do not hold is written here. Landing
has judged every row by the same standards: this border catches what slipped past it (a defect of landing, a file changed
afterwards, rows of another rule set), so each rule is checked again by other means.
"""

from __future__ import annotations

from collections.abc import Iterator

import great_expectations.expectations as gxe

from jingjinji.codes import code_list, rows_of, units
from jingjinji.contracts import Contracts, Standard
from jingjinji.personal import holds_identity_sql, holds_mobile_sql, id_columns
from jingjinji.quality.gx import TableSuite, because, escaped, no_rows

ROW = "select delivery_id, row_number from {batch} where "
LANDED = {"delivery_id": "VARCHAR", "row_number": "BIGINT", "known_from": "TIMESTAMP", "landed_at": "TIMESTAMP"}
# The first act on accidents and disasters whose figures are collected here; nothing older is reported by these feeds.
EARLIEST = "1949-10-01"
METRIC_TYPES = ("count", "money", "area")


def suites(contracts: Contracts, queries: dict[str, str]) -> list[TableSuite]:
    """One suite per dataset to check.

    Args:
        queries: dataset → SQL that selects the landed rows to look at.
    """
    loaded = {dataset: without_personal(contracts.standards[dataset]) for dataset in queries}
    return [
        TableSuite("incoming", "raw", dataset, tuple(expectations(loaded[dataset], contracts)), query)
        for dataset, query in queries.items()
    ]


def without_personal(standard: Standard) -> Standard:
    """What of a standard reaches a build: personal columns stay in the landing zone, and so do the rules about them."""
    columns = {name: column for name, column in standard.columns.items() if not column.personal}
    rules = {rule_id: rule for rule_id, rule in standard.rules.items() if columns.keys() >= set(rule.columns)}
    return standard.model_copy(update={"columns": columns, "rules": rules})


def expectations(standard: Standard, contracts: Contracts) -> Iterator[gxe.Expectation]:
    """Everything one dataset's landed rows must keep."""
    yield from structure(standard)
    yield from values(standard)
    yield from rules(standard)
    yield from knowledge(standard)
    yield from units_of_the_region(standard)
    yield from dimensions(standard)
    yield from published_values(standard)
    yield from no_personal_numbers(standard, id_columns(contracts))


def structure(standard: Standard) -> Iterator[gxe.Expectation]:
    """Columns, their order and types, and what may not be missing: the standard and the shape of landed rows."""
    here = f"feeds/{standard.dataset}/_standard.yml"
    types = LANDED | {name: column.sql_type for name, column in standard.columns.items()}
    yield gxe.ExpectTableColumnsToMatchOrderedList(
        column_list=list(types),
        meta=because(
            "字段与数据标准一致", "landed rows have the columns of the standard", here, name="columns_as_agreed"
        ),
    )
    wrong = " or ".join(f"typeof({name}) <> '{type_}'" for name, type_ in types.items())
    yield no_rows(
        "types_as_agreed",
        ROW + wrong,
        columns="*",
        why_zh="字段类型与数据标准一致",
        why="every column has the type of the standard",
        source=here,
    )
    for name in [*LANDED, *(n for n, column in standard.columns.items() if column.required)]:
        yield gxe.ExpectColumnValuesToNotBeNull(
            column=name, meta=because("标准规定为必填", "required by the standard", here, name="required_is_given")
        )


def values(standard: Standard) -> Iterator[gxe.Expectation]:
    """Codes of their lists, and no negative count, sum of money or area."""
    for name, column in standard.columns.items():
        if column.codes:
            yield gxe.ExpectColumnValuesToBeInSet(
                column=name,
                value_set=list(code_list(column.codes)),
                meta=because(
                    f"{column.zh}只能取代码表中的值",
                    "only codes of the agreed list",
                    f"dbt_project/seeds · {column.codes}",
                    name="code_is_in_its_list",
                ),
            )
        if column.type in METRIC_TYPES:
            yield gxe.ExpectColumnValuesToBeBetween(
                column=name,
                min_value=0,
                meta=because(
                    f"{column.zh}不会是负数；更正以新的总数报送",
                    "totals are sent, a correction sends the new total",
                    standard.source,
                    name="is_not_negative",
                ),
            )


def rules(standard: Standard) -> Iterator[gxe.Expectation]:
    """The row rules of the standard that no row may break, and that the key is unique within one delivery."""
    for rule_id, rule in standard.rules.items():
        if rule.severity == "warning":  # such a row was taken on purpose, and its sender was told
            continue
        yield no_rows(
            f"rule_{rule_id}",
            ROW + f"not ({escaped(rule.check)})",
            columns=", ".join(rule.columns),
            why_zh=rule.zh,
            why=rule.en,
            source=rule.source,
        )
    key = ", ".join(["delivery_id", *standard.key])
    yield no_rows(
        "key_is_unique_in_a_delivery",
        f"select delivery_id, count(*) as rows_with_same_key from {{batch}} group by {key} having count(*) > 1",
        columns=key,
        why_zh="同一次交付中同一主键只能有一行，否则无法确定采用哪一行",
        why="two rows with one key in one delivery: nobody could say which one holds",
        source=f"feeds/{standard.dataset}/_standard.yml · key",
    )


def knowledge(standard: Standard) -> Iterator[gxe.Expectation]:
    """What no standard says."""
    yield no_rows(
        "known_from_is_not_after_arrival",
        ROW + "known_from > landed_at + interval 1 day",
        columns="known_from, landed_at",
        why_zh="报告时间不会晚于收到时间；只写到日期的时间按当日末计，故放宽一天",
        why="nobody sends a report before it was made; a value that names a day means its end, hence one day of grace",
        source="docs/architecture.md · Time",
    )
    moments = [name for name, column in standard.columns.items() if column.type == "timestamp"]
    early = " or ".join(f"{name} < timestamp '{EARLIEST}'" for name in [*moments, "known_from"])
    yield no_rows(
        "moments_are_of_this_age",
        ROW + early,
        columns=", ".join(moments),
        why_zh="早于1949年10月的时间是日期换算错误（如 Excel 序列号 0、1900 年）",
        why="an earlier moment is a date gone wrong, such as an Excel serial number read as 1900",
        source="docs/architecture.md · Time",
    )
    yield no_rows(
        "region_is_the_senders",
        "select rows.delivery_id, rows.row_number from {batch} as rows"
        " inner join raw.deliveries as deliveries on deliveries.delivery_id = rows.delivery_id"
        " inner join raw.feeds as feeds on feeds.feed_id = deliveries.feed_id"
        " where rows.region_code <> feeds.region_code",
        columns="region_code",
        why_zh="一次交付只含报送地区自己的数据；其他地区的行说明文件拿错了",
        why="a delivery speaks of its own region; a row of another one means the wrong file",
        source="feeds/<dataset>/<region>.yml · region_code",
    )


def units_of_the_region(standard: Standard) -> Iterator[gxe.Expectation]:
    """A row speaks of a unit of its own region."""
    if not {"region_code", "unit_code"} <= standard.columns.keys():
        return
    pairs = [f"('{row['region_code']}', '{row['unit_code']}')" for row in rows_of("ref_reporting_units")]
    # what else the code list holds is the former code of a division of the region
    pairs += [
        f"('{code[:2]}0000', '{code}')" for code in code_list("ref_reporting_units.unit_code") if code.isdecimal()
    ]
    yield no_rows(
        "unit_belongs_to_region",
        ROW + f"(region_code, unit_code) not in ({', '.join(pairs)})",
        columns="region_code, unit_code",
        why_zh="填报单位须属于该地区（同名区县按代码区分）",
        why="a unit belongs to one region; one such row must not keep the release from everybody",
        source="dbt_project/seeds/ref_reporting_units.csv",
    )


def dimensions(standard: Standard) -> Iterator[gxe.Expectation]:
    """A statistic comes in a unit of its own dimension."""
    if not {"statistic_name", "value_unit"} <= standard.columns.keys():
        return
    possible = [
        f"('{row['statistic_name']}', '{unit.name}')"
        for row in rows_of("ref_statistics")
        for unit in units().values()
        if unit.base_unit == row["base_unit"]
    ]
    yield no_rows(
        "unit_has_the_dimension_of_the_statistic",
        ROW + f"(statistic_name, value_unit) not in ({', '.join(possible)})",
        columns="statistic_name, value_unit",
        why_zh="计量单位须与统计指标的量纲一致（如地区生产总值不能用“万人”）",
        why="a gross product in 万人 would be converted without complaint",
        source="dbt_project/seeds/ref_statistics.csv；ref_units.csv",
    )


def published_values(standard: Standard) -> Iterator[gxe.Expectation]:
    """What the published border asks of every statistic, asked of the delivery first."""
    if "statistic_name" not in standard.columns:
        return
    stocks = ", ".join(
        f"'{r['statistic_name']}'" for r in rows_of("ref_statistics") if r["is_yearly_disaster"] == "false"
    )
    yield no_rows(
        "denominator_is_positive",
        ROW + f"value <= 0 and statistic_name in ({stocks})",
        columns="value",
        why_zh="地区生产总值、人口等不会是零或负数；未公布的请留空",
        why="gross product and population are above zero; what is not published stays empty",
        source="dbt_project/seeds/ref_statistics.csv · is_yearly_disaster",
    )
    yield no_rows(
        "published_after_the_year_began",
        ROW + "year(known_from) < year",
        columns="published_at, year",
        why_zh="年度数据不会在该年开始之前公布",
        why="no figure of a year is out before that year begins",
        source="国家统计局分省年度数据",
    )


def no_personal_numbers(standard: Standard, ids: frozenset[str]) -> Iterator[gxe.Expectation]:
    """No mobile or identity number in a text that would reach a mart; the result tells the row, never the number."""
    texts = [n for n, column in standard.columns.items() if column.sql_type == "VARCHAR" and not column.personal]
    conditions = {
        "no_mobile_number": " or ".join(holds_mobile_sql(name, is_id=name in ids) for name in texts),
        "no_identity_number": " or ".join(holds_identity_sql(name) for name in texts),
    }
    for name, condition in conditions.items():
        yield no_rows(
            name,
            ROW + f"({escaped(condition)})",
            columns=", ".join(texts),
            why_zh="报送内容中不得出现手机号、身份证号，请删除后重新报送",
            why="nothing shared may hold a mobile or identity number; the sender has to take it out",
            source="个人信息保护法 第六条、第三十四条（最小必要、履行法定职责范围内）",
        )
