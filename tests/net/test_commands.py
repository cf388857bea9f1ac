# SPDX-License-Identifier: GPL-3.0-or-later
# test_commands.py - --help, man pages, completion and reference say the same
import os
import re
import subprocess

import pytest

from lib.gateway import ROOT, program

PROGRAMS = ("attlsctl", "attls-keyring", "attls-racdcert", "attls-net", "attlsd")
WITH_VERBS = ("attlsctl", "attls-keyring", "attls-net")
COMMON = {"--config", "--keyring", "--datasets", "--passphrase", "--pkcs11-module", "--pin",
          "--help", "--version"}
OPTION = r"(?<![\w-])--[a-z][a-z0-9-]*[a-z]"


def help_text(name, *verb):
    done = subprocess.run([program(name), *verb, "--help"], stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0
    return done.stdout


def options(text):
    return set(re.findall(OPTION, text))


def keyring_synopses():
    """Verb -> all that its lines in the help say."""
    text = help_text("attls-keyring").replace("\n\t", " ").split("\n\n", 2)[2]
    verbs = {}
    for line in text.split("\n\n")[0].splitlines():
        verb, _, rest = line.partition(" ")
        verbs[verb] = verbs.get(verb, "") + " " + rest
    return verbs


def keyring_options(rest):
    """Of a synopsis, in which OWNER and STATUS stand for options."""
    rest = re.sub(r"\bOWNER\b", "--id --certauth --site", rest.replace("[OWNER/]", ""))
    return options(rest.replace("STATUS", "--trust --notrust --hightrust"))


def verbs_and_options(name):
    """What the program's help says: verb -> its options, those of every verb left out."""
    text = help_text(name)
    if name == "attlsctl":
        verbs = re.findall(r"^  ([a-z]+(?: [a-z]+)?) {2,}\S", text, re.M)
        return {v: options(help_text(name, *v.split())) | {"--help"} for v in verbs}
    if name == "attls-keyring":
        return {v: keyring_options(rest) for v, rest in keyring_synopses().items()}
    verbs = {v: set() for v in re.search(r"\] ([a-z|]+) \[", text).group(1).split("|")}
    for option, takers in re.findall(r"^  (--\S+).*?  ([a-z]+(?:, [a-z]+)*): ", text, re.M):
        for verb in takers.split(", "):
            verbs[verb].add(option)
    return verbs


def completed(name, *words):
    """What completion offers in place of the last of @words."""
    script = (f'source "$0"; COMP_WORDS=({name} "$@"); COMP_CWORD=$#; '
              f'_{name.replace("-", "_")}; printf "%s\\n" "${{COMPREPLY[@]}}"')
    path = os.path.join(ROOT, "deploy", "completions", name)
    done = subprocess.run(["bash", "-c", script, path, *words], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return set(done.stdout.split())


def man_text(name):
    """The page without its fonts."""
    with open(os.path.join(ROOT, "docs", "man", f"{name}.8")) as f:
        text = f.read().replace("\\-", "-")
    text = re.sub(r'^\.[BIR]{1,2} ', "", re.sub(r"\\f[BIPR]", "", text), flags=re.M)
    return text.replace('"', "")


@pytest.mark.parametrize("name", WITH_VERBS)
def test_verbs_are_completed(name):
    verbs = set(verbs_and_options(name))
    assert len(verbs) > 4
    first = {v.split()[0] for v in verbs}
    offered = {w for w in completed(name, "") if not w.startswith("-")}
    assert offered == first
    for word in first - verbs:
        assert completed(name, word, "") == {v.split()[1] for v in verbs
                                             if v.startswith(word + " ")}


@pytest.mark.parametrize("name", WITH_VERBS)
def test_options_of_each_verb_are_completed(name):
    for verb, expected in verbs_and_options(name).items():
        offered = completed(name, *verb.split(), "--")
        assert offered - COMMON == expected - COMMON, f"{name} {verb}"


@pytest.mark.parametrize("name", PROGRAMS)
def test_options_of_all_verbs_are_completed(name):
    offered = {w for w in completed(name, "--") if w.startswith("--")}
    general = options(help_text(name)) & COMMON | {"--help", "--version"}
    assert offered & COMMON == general


@pytest.mark.parametrize("name", WITH_VERBS)
def test_verbs_are_in_the_man_page(name):
    page = man_text(name)
    for verb in verbs_and_options(name):
        assert re.search(rf"^\.T[PQ]\n{verb}\b", page, re.M), f"{name} {verb}"


@pytest.mark.parametrize("name", PROGRAMS)
def test_options_are_in_the_man_page_and_no_others(name):
    said = options(help_text(name))
    if name in WITH_VERBS:
        said = said.union(*verbs_and_options(name).values())
    assert options(man_text(name).split("\n.SH EXAMPLES")[0]) == said | {"--help", "--version"}


def keys_of(section, folder):
    """The keys that the reader of @section names where it meets a strange one."""
    rules, ini = os.path.join(folder, "r.ini"), os.path.join(folder, "attls.ini")
    with open(rules, "w") as f:
        f.write("" if section == "gateway" else f"[{section} x]\nzzzzzz = 1\n")
    with open(ini, "w") as f:
        f.write(f"[gateway]\nrules = {rules}\n" + "zzzzzz = 1\n" * (section == "gateway"))
    done = subprocess.run([program("attlsctl"), "-c", ini, "policy", "check"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    listed = re.search(rf"unknown key; \[{section}\] has (.*)$", done.stderr, re.M).group(1)
    return [k for k in listed.split(", ") if re.fullmatch(r"[a-z_]+", k)]


@pytest.mark.parametrize("section", ["gateway", "rule", "action", "level", "time"])
def test_keys_of_files_are_documented(tmp_path, section):
    keys = keys_of(section, str(tmp_path))
    assert len(keys) > 3
    with open(os.path.join(ROOT, "docs", "rules.md")) as f:
        reference = f.read()
    with open(os.path.join(ROOT, "docs", "man", "attls.ini.5")) as f:
        page = f.read()
    for key in keys:
        assert f"`{key}`" in reference
        assert re.search(rf"^\.BR? .*\b{key}\b", page, re.M), f"attls.ini(5) lacks {key}"
