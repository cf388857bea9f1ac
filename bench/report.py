# SPDX-License-Identifier: GPL-3.0-or-later
# report.py - figures of many rounds as one table of medians and ratios, as JSON, as plots
import json
import os
import statistics

# Of a figure whose name begins so, more is better; of all others less is.
MORE_IS_BETTER = ("Gbit/s", "per s")


class Results:
    """Figures by workload, system and unit, one value a round."""

    def __init__(self):
        self.rounds = {}

    def add(self, workload, system, figures):
        of_system = self.rounds.setdefault(workload, {}).setdefault(system, {})
        for unit, value in figures.items():
            of_system.setdefault(unit, []).append(value)

    def median(self, workload, system, unit):
        return statistics.median(self.rounds[workload][system][unit])

    def ratio(self, workload, system, other, unit):
        """Median of the ratios of rounds that ran one after the other."""
        ours, theirs = (self.rounds[workload][s].get(unit) for s in (system, other))
        if not ours or not theirs or not all(theirs):
            return None
        return statistics.median(a / b for a, b in zip(ours, theirs))

    def units(self, workload):
        return list(dict.fromkeys(u for s in self.rounds[workload].values() for u in s))

    # Output

    def table(self, subject="attls"):
        """Lines: the median of each system, and beside each other system @subject's ratio to it."""
        for workload, systems in self.rounds.items():
            yield f"{workload}"
            units = self.units(workload)
            yield "  " + f"{'':22}" + "".join(f"{u:>24}" for u in units)
            for system in systems:
                cells = (self._cell(workload, system, subject, unit) for unit in units)
                yield "  " + f"{system:22}" + "".join(f"{c:>24}" for c in cells)
            yield ""

    def _cell(self, workload, system, subject, unit):
        if unit not in self.rounds[workload][system]:
            return ""
        text = f"{self.median(workload, system, unit):.3g}"
        if subject in self.rounds[workload] and system != subject:
            ratio = self.ratio(workload, subject, system, unit)
            text += f" ({ratio:.2f}x)" if ratio is not None else ""
        return text

    def write_json(self, path, conditions):
        medians = {w: {s: {u: self.median(w, s, u) for u in figures}
                       for s, figures in systems.items()} for w, systems in self.rounds.items()}
        with open(path, "w") as f:
            json.dump({"conditions": conditions, "medians": medians, "rounds": self.rounds}, f,
                      indent=1)

    def write_plots(self, directory):
        """One PNG a workload: a bar for each system, its first unit."""
        import matplotlib
        matplotlib.use("Agg")
        from matplotlib import pyplot
        os.makedirs(directory, exist_ok=True)
        for workload, systems in self.rounds.items():
            unit = self.units(workload)[0]
            shown = [s for s in systems if unit in systems[s]]
            figure, axes = pyplot.subplots(figsize=(6, 0.4 * len(shown) + 1.2))
            axes.barh(shown, [self.median(workload, s, unit) for s in shown])
            axes.invert_yaxis()
            axes.set_title(workload)
            better = "more" if unit.startswith(MORE_IS_BETTER) else "less"
            axes.set_xlabel(f"{unit}, {better} is better")
            name = "".join(c if c.isalnum() else "-" for c in workload)
            figure.savefig(os.path.join(directory, f"{name}.png"), bbox_inches="tight", dpi=120)
            pyplot.close(figure)
