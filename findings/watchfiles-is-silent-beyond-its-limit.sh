#!/usr/bin/env bash
# inotify gives a user so many watches (fs.inotify.max_user_watches), and a tree of folders takes one for each. watchfiles
# 1.3.0 says so when a tree that is there already takes more ("OS file watch limit reached"). It says nothing when
#
#  - it was told to pass over folders that cannot be read (`ignore_permission_denied=True`, or the variable of the
#    environment): every error of a folder is passed over then;
#  - the limit is reached by folders that come later, as in any folder that is watched for a while.
#
# What comes into these folders is then told to nobody: a reload that does not happen, an upload that nobody handles.
#
# Seen in a user namespace with watches of its own, so that no limit of this machine is changed. Linux, with `unshare`.
set -euo pipefail
unshare -Ur true || { echo "skipped: unshare is not installed, or may not make user namespaces"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check watchfiles==1.3.0
cat > "$folder/seen.py" <<'PYTHON'
import sys
from pathlib import Path

from watchfiles import watch

Path("/proc/sys/user/max_inotify_watches").write_text("3")
base = Path(sys.argv[1])


def told(name, begin, then, **more):
    """The names that are told of, until nothing has come for two seconds; or the error."""
    root = base / name
    root.mkdir()
    begin(root)
    names, is_first = [], True
    try:
        for changes in watch(root, watch_filter=None, rust_timeout=2000, yield_on_timeout=True, **more):
            if is_first:
                is_first = False
                then(root)
            elif not changes:
                return sorted(names)
            names += [Path(path).name for _, path in changes]
    except OSError as error:
        return str(error).split(".")[0]


def deep(root):
    (root / "a/b/c/d").mkdir(parents=True, exist_ok=True)


def write(root):
    (root / "shallow.jpg").touch()
    (root / "a/b/c/d/deep.jpg").touch()


def later(root):
    """After the folders have come, and been told of."""
    names = []
    for number, changes in enumerate(watch(root, watch_filter=None, rust_timeout=2000, yield_on_timeout=True)):
        if number == 0:
            deep(root)
        elif not changes and (root / "a/b/c/d/deep.jpg").exists():
            return sorted(names)
        elif not changes:
            write(root)
        names += [Path(path).name for _, path in changes if path.endswith(".jpg")]


seen = {
    "there before": told("before", deep, write),
    "there before, with ignore_permission_denied": told("ignoring", deep, write, ignore_permission_denied=True),
}
(base / "later").mkdir()
seen["come later"] = later(base / "later")
for what, names in seen.items():
    print(f"{what}: {names}")
expected = {
    "there before": "OS file watch limit reached",
    "there before, with ignore_permission_denied": ["shallow.jpg"],
    "come later": ["shallow.jpg"],
}
sys.exit(seen != expected)
PYTHON
unshare -Ur "$folder/venv/bin/python" "$folder/seen.py" "$folder"
