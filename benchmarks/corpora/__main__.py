"""Every sample of other projects' test data beside what a viewer shows: `python -m benchmarks.corpora`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.corpora import compare, packages, report, stb, viewers


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.corpora", description=__doc__)
    parser.add_argument("--only", metavar="WORD", default="", help="the samples whose path holds this word")
    parser.add_argument("--without", nargs="*", metavar="SAMPLE", default=[], help="leave these out")
    parser.add_argument("--publish", action="store_true", help=f"write the figures into {report.PAGE.name} too")
    chosen = parser.parse_args()
    samples = {name: path for name, path in _all_samples() if chosen.only in name and name not in chosen.without}
    results = _results(samples)
    results.write_json(packages.HERE / "results" / "latest.json")
    for one in results.open:
        of = f"{one.kind}, {one.viewer}" if one.viewer else one.kind
        print(f"{one.outcome:8} {one.sample} [{of}] largest {one.largest}, near {one.near} {one.detail} {one.steps}")
    stale = [] if chosen.only else results.stale
    for pattern in stale:
        print(f"stale    {pattern}: is settled, or not there; strike it from {report.EXCEPTIONS.name}")
    if chosen.publish:
        results.write_page()
    print(f"{len(results.verdicts)} verdicts, {len(results.open)} open", file=sys.stderr)
    return 1 if results.open or stale else 0


def _all_samples() -> Iterator[tuple[str, Path]]:
    for package in packages.PACKAGES:
        for path in packages.samples_of(package):
            yield f"{package.name}/{path.relative_to(packages.folder_of(package)).as_posix()}", path


def _results(samples: Mapping[str, Path]) -> report.Results:
    ours = compare.prepare(list(samples.values()), packages.CACHE / "ours")
    looking = viewers.Viewers(packages.CACHE / "viewers")
    looking.look(list(samples.values()))
    verdicts = [compare.judge(name, ours[path], *looking.shown(path)) for name, path in samples.items()]
    server = stb.StbImage()
    passing = {name: path for name, path in samples.items() if ours[path].passes}
    as_served = server.show([Path(ours[path].picture) for path in passing.values()])
    for (name, path), picture in zip(passing.items(), as_served, strict=True):
        verdicts.append(compare.judge_served(name, ours[path], picture, *looking.shown(path)))
    return report.Results(verdicts, {**viewers.versions(), "stb_image": server.version}, report.reasons())


if __name__ == "__main__":
    sys.exit(main())
