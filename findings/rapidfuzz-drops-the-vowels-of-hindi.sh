#!/usr/bin/env bash
# RapidFuzz 3.14.6's `utils.default_process`, the processor for lower case without punctuation, puts a blank in place of
# every combining character. In Hindi, Thai and Tamil these are most of the vowels: "din" (day) and "daan" (gift) are
# the same to it, and a text that OCR has read without a single vowel sign scores 100. Without the processor they
# differ.
#
# Seen: ratio of the two words 66.7, with default_process 100.0, both processed to "द न"; Thai 50.0 and 100.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check rapidfuzz==3.14.6
PYTHONUTF8=1 "$folder/venv/bin/python" - <<'PYTHON'
from rapidfuzz import fuzz
from rapidfuzz.utils import default_process

PAIRS = {"Hindi": ("दिन", "दान"), "Thai": ("ปี", "ปู"), "Tamil": ("கல்", "கலி")}
seen = {}
for language, words in PAIRS.items():
    plain = round(fuzz.ratio(*words), 1)
    processed = fuzz.ratio(*words, processor=default_process)
    seen[language] = (plain, processed)
    print(language, words, plain, processed, [default_process(word) for word in words])
assert all(plain < 70 for plain, _ in seen.values())
assert all(processed == 100 for _, processed in seen.values()), "combining characters are kept now"
PYTHON
