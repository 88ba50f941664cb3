#!/usr/bin/env python3
"""Recomputes k, l, t and every measure from exported tables alone, and stores them as vectors.

    cargo test -p veilsum-anonymise --test exports    # writes target/tmp/anonymise-exports
    python3 core/anonymise/scripts/check.py           # writes core/anonymise/tests/vectors/check.json
    cargo test -p veilsum-anonymise --test exports    # compares

It shares no code with the crate and needs nothing but Python's standard library. Classes are found by the published
labels, losses by reading the labels; the crate is asked for nothing but the level of each column. Shares and earth
mover's distances are exact fractions, rounded once.
"""

import csv
import json
import math
import platform
import sys
from collections import Counter, defaultdict
from fractions import Fraction
from pathlib import Path

HERE = Path(__file__).resolve().parent
EXPORTS = HERE.parents[2] / "target" / "tmp" / "anonymise-exports"
VECTORS = HERE.parent / "tests" / "vectors" / "check.json"
TOLERANCE = 1e-9
THRESHOLD = 0.2
SAMPLED_SHARE = Fraction(1, 10)


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        next(reader)
        return {int(row[0]): row[1:] for row in reader}


def tree_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return {row[0]: row for row in csv.reader(file, delimiter=";")}


def set_of(label):
    """The values of `{a, "b, c"}`."""
    values, at = [], 1
    while label[at - 1] != "}":
        if label[at] == '"':
            value, at = "", at + 1
            while label[at] != '"' or label[at : at + 2] == '""':
                value, at = value + label[at], at + (2 if label[at] == '"' else 1)
            at += 1
        else:
            end = min(label.index(mark, at) for mark in ",}" if mark in label[at:])
            value, at = label[at:end], end
        values.append(value)
        at += 2 if label[at] == "," else 1
    return values


class Column:
    """How the labels of one generalised column are read."""

    def __init__(self, about, original):
        self.at = about["column"]
        self.kind = about["kind"]
        self.level = about.get("level")
        self.tree = tree_of(EXPORTS / about["file"]) if "file" in about else None
        self.values = Counter(row[self.at] for row in original.values())
        self.known = {}

    def read(self, cell, label):
        """Whether the label covers the cell, and its certainty penalty."""
        if (cell, label) not in self.known:
            self.known[cell, label] = self._read(cell, label)
        return self.known[cell, label]

    def _read(self, cell, label):
        if label == cell and self.level in (None, 0):
            return True, Fraction(0)
        if label == "*":
            return True, Fraction(1)
        if label.startswith("[") and label[-1] in "])":
            low, high = (Fraction(end) for end in label[1:-1].split(", "))
            inside = low <= Fraction(cell) <= high and (label[-1] == "]" or Fraction(cell) < high)
            numbers = [Fraction(value) for value in self.values if value.strip()]
            spread = max(numbers) - min(numbers)
            return inside, min(Fraction(1), (high - low) / spread) if spread else Fraction(1)
        if self.kind == "sets":
            values = set_of(label) if label.startswith("{") else [label]
            return cell in values, Fraction(len(values), len(self.values)) if len(values) > 1 else Fraction(0)
        if self.kind == "numbers":
            # Another spelling of the same number.
            return Fraction(cell) == Fraction(label), Fraction(0)
        path = self.tree[cell]
        if self.level is not None:
            level = self.level
            inside = path[level] == label
        else:
            level = path.index(label) if label in path else 0
            inside = label in path
        together = sum(1 for other in self.tree.values() if other[level] == label)
        return inside, Fraction(together, len(self.tree)) if together > 1 else Fraction(0)


def closeness(counts, whole, distance):
    size, total = sum(counts.values()), sum(whole.values())
    extra = {value: Fraction(counts.get(value, 0), size) - Fraction(count, total) for value, count in whole.items()}
    if distance == "equal":
        return sum(abs(share) for share in extra.values()) / 2
    if distance != "ordered":
        # Earth moves along the edges of a tree whose leaves are all equally deep: a way up and down over h of H levels
        # costs h/H, so that one edge costs 1/2H, and carries what its subtree has too much or too little.
        tree = tree_of(EXPORTS / distance)
        height = len(next(iter(tree.values()))) - 1
        moved = Fraction(0)
        for level in range(height):
            subtrees = defaultdict(Fraction)
            for value, share in extra.items():
                subtrees[tuple(tree[value][level:])] += share
            moved += sum(abs(share) for share in subtrees.values())
        return moved / (2 * height)
    by_number = defaultdict(Fraction)
    for value, share in extra.items():
        by_number[Fraction(value)] += share
    moved, carried = Fraction(0), Fraction(0)
    for number in sorted(by_number):
        carried += by_number[number]
        moved += abs(carried)
    return moved / max(1, len(by_number) - 1)


def ratio(counts, l):
    ordered = sorted(counts.values(), reverse=True)
    rest = sum(ordered[l - 1 :])
    return Fraction(ordered[0], rest) if rest else None


def entropy(counts):
    size = sum(counts.values())
    return math.exp(-sum(count / size * math.log(count / size) for count in counts.values()))


def attack(sizes, behind):
    total = sum(sizes)
    return [
        float(max(1 / people for people in behind)),
        float(sum(size / people for size, people in zip(sizes, behind)) / total),
        float(Fraction(sum(size for size, people in zip(sizes, behind) if float(1 / people) > THRESHOLD), total)),
    ]


def measures(original, published, columns, about, k):
    """Every measure of `published` (row number → cells) as a version of `original`; and what its models need."""
    classes = defaultdict(list)
    for number, row in published.items():
        classes[tuple(row[column.at] for column in columns)].append(number)
    sensitive = about["sensitive"]
    whole = Counter(row[sensitive] for row in original.values())
    by_class = [Counter(original[number][sensitive] for number in rows) for rows in classes.values()]
    distances = {}
    for counts in by_class:
        key = tuple(sorted(counts.items()))
        if key not in distances:
            distances[key] = closeness(counts, whole, about["distance"])
    sizes = [Fraction(len(rows)) for rows in classes.values()]
    suppressed = len(original) - len(published)
    uncovered, penalties = 0, []
    for column in columns:
        lost = Fraction(suppressed)
        for pair, count in Counter(
            (original[number][column.at], row[column.at]) for number, row in published.items()
        ).items():
            inside, penalty = column.read(*pair)
            uncovered += 0 if inside else count
            lost += penalty * count
        penalties.append(lost / len(original))
    ratios = [ratio(counts, about["recursive_l"]) for counts in by_class]
    average = sum(sizes) / len(sizes)
    behind = [size / SAMPLED_SHARE for size in sizes]
    result = {
        "k": int(min(sizes)),
        "distinct": min(len(counts) for counts in by_class),
        "entropy": min(entropy(counts) for counts in by_class),
        "recursive": None if None in ratios else float(max(ratios)),
        "closeness": float(max(distances.values())),
        "class_count": len(sizes),
        "smallest_class": int(min(sizes)),
        "largest_class": int(max(sizes)),
        "average_class": float(average),
        "suppressed": suppressed,
        "discernibility": int(sum(size * size for size in sizes)) + suppressed * len(original),
        "normalised_average_class": float(average / k),
        "certainty_penalties": [float(penalty) for penalty in penalties],
        "generalised_certainty_penalty": float(sum(penalties) / len(penalties)),
        "prosecutor": attack(sizes, sizes),
        "journalist": attack(sizes, behind),
        "marketer": float(sum(size / people for size, people in zip(sizes, behind)) / sum(sizes)),
    }
    return result, uncovered, by_class


def holds(model, result, by_class):
    match model["model"]:
        case "k":
            return result["k"] >= model["k"]
        case "distinct":
            return result["distinct"] >= model["l"]
        case "entropy":
            return math.log(result["entropy"]) >= math.log(model["l"]) - 2 * TOLERANCE
        case "recursive":
            ratios = [ratio(counts, model["l"]) for counts in by_class]
            return all(value is not None and value < Fraction(model["c"]) for value in ratios)
        case "closeness":
            return result["closeness"] <= model["t"] + 2 * TOLERANCE
    raise ValueError(model)


def check(path):
    about = json.loads(path.read_text(encoding="utf-8"))
    name = path.name.removesuffix(".about.json")
    original = rows_of(EXPORTS / f"{name}.original.csv")
    published = rows_of(EXPORTS / f"{name}.release.csv")
    columns = [Column(column, original) for column in about["columns"]]
    k = next(model["k"] for model in about["models"] if model["model"] == "k")
    after, uncovered, by_class = measures(original, published, columns, about, k)
    # Untouched cells lose nothing, whatever level was chosen in the end.
    for column in columns:
        column.level, column.known = None, {}
    before, _, _ = measures(original, original, columns, about, k)
    within = after["suppressed"] <= about["suppression_limit"] * len(original) + TOLERANCE
    models_hold = within and all(holds(model, after, by_class) for model in about["models"])
    return name, {
        "models_hold": models_hold,
        "uncovered_cells": uncovered,
        "before": before,
        "after": after,
    }


def main():
    paths = sorted(EXPORTS.glob("*.about.json"))
    if not paths:
        sys.exit(f"There are no exports in {EXPORTS}. Run: cargo test -p veilsum-anonymise --test exports")
    cases = dict(check(path) for path in paths)
    provenance = f"core/anonymise/scripts/check.py, Python {platform.python_version()}, standard library only"
    VECTORS.parent.mkdir(exist_ok=True)
    VECTORS.write_text(json.dumps({"provenance": provenance, "cases": cases}, indent=1) + "\n", encoding="utf-8")
    for name, case in cases.items():
        after = case["after"]
        print(
            f"{name:30} holds {case['models_hold']!s:5} uncovered {case['uncovered_cells']} k {after['k']} "
            f"l {after['distinct']} entropy {after['entropy']:.3f} t {after['closeness']:.4f} "
            f"classes {after['class_count']} suppressed {after['suppressed']} "
            f"GCP {after['generalised_certainty_penalty']:.4f}"
        )


if __name__ == "__main__":
    main()
