# SPDX-License-Identifier: Apache-2.0
"""The rules of the house that a compiler does not keep: who includes whom, how long things get, where READMEs are."""
import os
import pathlib
import re

import pytest

TOP = pathlib.Path(os.environ.get("TREE", pathlib.Path(__file__).resolve().parents[3]))
MAX_FILE_LINES = 800
MAX_FUNCTION_LINES = 100

# Third-party headers and the one room each may appear in.
OWNERS = {
    "archive.h": "common/format",
    "archive_entry.h": "common/format",
    "avro.h": "common/schema",
    "avro/": "common/schema",
    "curl/": "common/http",
    "expat.h": "common/s3",
    "jansson.h": "common/schema",
    "libpq-fe.h": "common/postgres",
    "librdkafka/": "common/kafka",
    "microhttpd.h": "common/http",
    "openssl/": "common/crypto",
    "pg_query.h": "common/query",
    "yaml.h": "common/config",
    "zlib.h": "common/format",
}

# What the C library, the kernel and the compiler bring.
PLATFORM = re.compile(
    r"^(assert|cpuid|ctype|dirent|dlfcn|endian|errno|fcntl|float|fnmatch|ftw|getopt|glob|grp|iconv|immintrin|inttypes"
    r"|libgen|limits|locale|malloc|math|netdb|nmmintrin|poll|pthread|pwd|sched|semaphore|setjmp|signal|spawn"
    r"|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|strings|syslog"
    r"|termios|time|unistd|wchar|x86intrin|arm_neon|arm_acle|(sys|net|netinet|arpa|linux|asm)/.+)(\.h)?$")

# Headers of plain structs, without a function to link: any room may include them.
PLAIN = {"format/reading.h", "record/cell.h", "s3/settings.h"}

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:<([^>]+)>|"([^"]+)")', re.M)


def sources(*folders):
    return sorted(path for folder in folders for ext in ("*.c", "*.h")
                  for path in (TOP / folder).rglob(ext))


def name(path):
    return str(path.relative_to(TOP))


def includes(path):
    for match in INCLUDE.finditer(path.read_text()):
        yield match.group(1), match.group(2)


def rooms():
    return {path.name for path in (TOP / "common").iterdir() if path.is_dir()}


def services():
    return {path.name for path in (TOP / "services").iterdir() if path.is_dir()}


def allowed_rooms(room):
    """The ROOMS of the folder's CMakeLists.txt; None where it is not built yet."""
    cmake = TOP / "common" / room / "CMakeLists.txt"
    if not cmake.exists():
        return None
    match = re.search(r"\bROOMS\s+([a-z0-9_\s]*)", cmake.read_text())
    return {room, "base"} | set(match.group(1).split() if match else [])


def none(problems):
    assert not problems, "\n".join(problems)


def test_third_party_headers_stay_in_their_room():
    problems = []
    for path in sources("common", "services"):
        for system, _ in includes(path):
            if not system:
                continue
            owner = next((room for header, room in OWNERS.items()
                          if system == header or (header.endswith("/") and system.startswith(header))), None)
            if owner is None:
                if not PLATFORM.match(system):
                    problems.append(f"{name(path)}: <{system}> has no room; give it one in test_house.py")
            elif not name(path).startswith(owner + "/"):
                problems.append(f"{name(path)}: <{system}> belongs to {owner} alone")
    none(problems)


def test_common_includes_only_the_rooms_it_names():
    problems = []
    for room in sorted(rooms()):
        allowed = allowed_rooms(room)
        for path in sources(f"common/{room}"):
            for _, header in includes(path):
                if not header or "/" not in header:
                    continue
                target = header.split("/")[0]
                if target in services():
                    problems.append(f"{name(path)}: common never includes a service: {header}")
                elif target not in rooms():
                    problems.append(f"{name(path)}: {header} is in no room")
                elif allowed is not None and target not in allowed and header not in PLAIN:
                    problems.append(f"{name(path)}: {header}, but its CMakeLists.txt does not name {target}")
    none(problems)


def test_no_service_includes_another():
    problems = []
    for service in sorted(services() - {"cli"}):
        for path in sources(f"services/{service}"):
            for _, header in includes(path):
                if header and "/" in header and header.split("/")[0] in services() - {service}:
                    problems.append(f"{name(path)}: services do not include each other: {header}")
    none(problems)


def test_rooms_have_no_circle():
    edges = {room: (allowed_rooms(room) or {room}) - {room} for room in rooms()}

    def visit(room, above):
        assert room not in above, " -> ".join([*above, room])
        for other in sorted(edges.get(room, ())):
            visit(other, [*above, room])

    for room in sorted(edges):
        visit(room, [])


def test_every_source_names_its_licence():
    none([name(path) for path in sources("common", "services", "tests")
          if "SPDX-License-Identifier: Apache-2.0" not in path.read_text().split("\n", 1)[0]])


def test_files_stay_short():
    none([f"{name(path)}: {lines} lines" for path in sources("common", "services", "tests")
          if (lines := len(path.read_text().splitlines())) > MAX_FILE_LINES])


def functions(path):
    """(line, length) of each function body: what stands between a { and a } in the first column."""
    start = None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            yield start, number - start + 1
            start = None


def test_functions_stay_short():
    none([f"{name(path)}:{line}: a function of {length} lines" for path in sources("common", "services")
          for line, length in functions(path) if length > MAX_FUNCTION_LINES])


def test_every_folder_has_a_readme():
    none([f"{top}/{folder.name} has no README.md" for top in ("common", "services")
          for folder in sorted((TOP / top).iterdir())
          if folder.is_dir() and not (folder / "README.md").is_file()])


def markdown():
    skipped = {".git", ".cache", ".penstock", "node_modules"}
    return sorted(path for path in TOP.rglob("*.md")
                  if not any(part in skipped or part.startswith("build") for part in path.relative_to(TOP).parts))


def anchors(path):
    """GitHub's names for the headings of a page."""
    found = set()
    for heading in re.findall(r"^#+\s+(.*)$", re.sub(r"```.*?```", "", path.read_text(), flags=re.S), re.M):
        text = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        found.add(re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", text)))
    return found


def links(path):
    text = re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text(), flags=re.S)
    return re.findall(r"\]\(([^)\s]+)\)", text)


@pytest.mark.parametrize("path", markdown(), ids=name)
def test_links_lead_somewhere(path):
    problems = []
    for link in links(path):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        if not target.exists():
            problems.append(f"{name(path)}: {link} does not exist")
        elif anchor and target.suffix == ".md" and anchor not in anchors(target):
            problems.append(f"{name(path)}: {link}: no such heading")
    none(problems)


def test_the_readme_names_the_commands_there_are():
    rows = re.findall(r"&command_(\w+),", (TOP / "services" / "cli" / "main.c").read_text())
    there = {row.replace("_", " ") for row in rows}
    table = re.search(r"^## Commands$(.*?)^## ", (TOP / "README.md").read_text(), re.M | re.S).group(1)
    cells = re.findall(r"^\| (`.*?) \|", table, re.M)
    promised = {re.match(r"[a-z]+( [a-z]+)?", text).group() for cell in cells for text in re.findall(r"`([^`]+)`", cell)}
    assert promised == there - {"dev broker"}


def test_the_readmes_lines_of_the_warehouses_are_theirs():
    table = re.search(r"^## Five warehouses.*?$(.*?)^## ", (TOP / "README.md").read_text(), re.M | re.S).group(1)
    warehouse, problems, seen = None, [], 0
    for first, _, here in re.findall(r"^\| (.*?) ?\| (.+?) \| (.+?) \|$", table, re.M)[1:]:
        found = re.match(r"\[([\w-]+)\]\(examples/", first)
        warehouse = TOP / "examples" / found.group(1) if found else warehouse
        text = "\n".join(path.read_text() for path in sorted(warehouse.rglob("*"))
                         if path.suffix in (".yml", ".sql") or path.name == ".env.example")
        for snippet in re.findall(r"`([^`]+)`", here):
            if snippet.startswith("penstock "):
                continue
            seen += 1
            if snippet.endswith("/") and (warehouse / snippet).is_dir():
                continue
            problems += [f"{warehouse.name}: {snippet}: no {word}"
                         for word in re.findall(r"[\w./:%-]*[a-z_]{2,}\w*", snippet) if word not in text]
    assert seen > 20
    none(problems)


def test_the_keys_of_json_are_in_the_docs():
    """Columns of tables, and members written one by one; all but those only read here."""
    text = (TOP / "docs" / "json.md").read_text()
    printed = {key for path in [*(TOP / "services" / "cli").glob("*.c"), *(TOP / "services" / "monitor").glob("*.c")]
               for key in re.findall(r'\{"[^"]*", "([^"]+)", (?:TABLE|LISTING)_|\bput_(?:int|text|number)\(&?json, "([^"]+)"',
                                     path.read_text()) for key in key if key}
    assert len(printed) > 60
    none([f"{key} is not snake_case" for key in printed if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", key)]
         + [f"{key} is not in docs/json.md" for key in sorted(printed - {"recent", "severity", "subject", "value"}) if f"`{key}`" not in text])
