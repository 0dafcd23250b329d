"""The limited process that reads foreign files: `child <bytes of memory> <dataset or ''> FILE…`, one line of JSON per file."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from jingjinji.contracts import load_contracts
from jingjinji.inspecting.examining import examine, unreadable
from jingjinji.inspecting.matching import agreed_names


def main(arguments: list[str]) -> None:
    memory, dataset, files = int(arguments[0]), arguments[1] or None, arguments[2:]
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    contracts = load_contracts()
    names = agreed_names(contracts)
    for file in files:
        try:
            facts = examine(Path(file), contracts, names, dataset)
        except MemoryError:
            sys.exit(1)  # what is left of the memory is not to be trusted: the parent begins a new process
        except Exception as error:  # whatever a file holds, the others are still to be looked at
            facts = unreadable(Path(file), f"读取失败（{type(error).__name__}）：文件可能损坏或结构异常")
        print(facts.model_dump_json(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
