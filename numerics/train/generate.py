"""Loss and gradient of a traced model as one C++ function whose SIMD lanes are networks.

Every operation of the formula becomes a statement over its index space, its derivative one more for each input, in reverse order;
numerics.train.nests makes loops of them. What depends on no sample (the product of two factors, say) is computed once a step, before
the samples, and its derivative after them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from numerics.train.losses import CROSS_ENTROPY, MSE
from numerics.train.mapping import Mapping, as_given, by_units
from numerics.train.nests import GRADIENT, MOST_LANES, Place, Program, Statement
from numerics.train.slopes import written
from numerics.train.trace import Buffer, Formula, Node, Traced
from theory.activations import PiecewiseActivation

#: Vectors of intermediate results up to this number stand on the stack, where a compiler removes those that it does not need.
ON_STACK = 4096
#: Where lanes are units, sums of up to so many terms are made again rather than kept.
MADE_AGAIN = 2


@dataclass(frozen=True)
class Data:
    """How data come: ``together`` samples at a time, which are all of them where ``alone``.

    ``single`` says which of x, y and weights are numbers that all networks share; ``loss`` is one of numerics.train.losses.
    ``device`` says that lanes are threads of a GPU.
    """

    together: int
    alone: bool
    single: tuple[bool, bool, bool]
    mapping: Mapping = Mapping.NETWORKS
    loss: str = MSE
    device: bool = False


class Generator:
    """Writes the function for one formula."""

    def __init__(self, formula: Formula, data: Data) -> None:
        self.formula, self.data = formula, data
        self.row = 1 if formula.entries else data.together
        self.uses = Counter(id(buffer) for node in formula.trace.nodes for buffer in {id(i.buffer): i.buffer for i in node.inputs}.values())
        self.units = data.mapping is Mapping.UNITS
        self.layout = by_units(formula) if self.units else as_given(formula)
        self.sizes: dict[str, int] = {}
        self.work = np.zeros(2)
        self.again: set[int] = set()
        self.names: dict[int, str] = {}
        self.slopes: dict[int, str] = {}
        self.functions: dict[tuple[str, str], int] = {}
        self.tables: dict[bytes, tuple[str, np.ndarray]] = {}
        self.gradient, self.uncleared = (np.zeros(formula.parameters, dtype=bool) for _ in range(2))
        self.vectors: dict[str, int] = {}  # intermediate buffers and their lengths in vectors
        for buffer in formula.trace.buffers:
            self.sizes[buffer.name] = buffer.size
        self.sizes |= {GRADIENT: self.layout.slots, "theta": self.layout.slots}

    def text(self) -> str:
        """The definitions of tables and of ``loss_and_gradient``."""
        sampled = [node for node in self.formula.trace.nodes if node.output.buffer.sampled]
        before = [node for node in self.formula.trace.nodes if not node.output.buffer.sampled]
        program = lambda: Program(self.row, self.sizes, self.tables, self.units, self.data.device)
        programs = {name: program() for name in ("before", "forward", "backward", "after")}
        for program, nodes in (("before", before), ("forward", sampled)):
            for node in nodes:
                self._forward(programs[program], node)
        self._loss(programs["before" if self.formula.entries else "forward"])
        self.started: set[str] = {self._d(self.formula.output.buffer)}
        clears: dict[str, list[str]] = {name: [] for name in programs}
        if self.units and not self.data.device:
            for node in self._made_again(sampled):
                self._forward(programs["backward"], node)
        for program, nodes in (("backward", sampled), ("after", before)):
            for node in reversed(nodes):
                self._backward(programs[program], node, clears)
        for name, program in programs.items():
            clears[name] = list(dict.fromkeys([*clears[name], *program.cleared]))
        self.work = np.sum([program.work() for program in programs.values()], axis=0)
        self._shorten(list(programs.values()), {name for names in clears.values() for name in names})
        return self._assembled(programs, clears)

    def _made_again(self, nodes: list[Node]) -> list[Node]:
        """Operations that are cheaper to make again in the backward loop than to keep: a few multiplications from parameters and data."""
        at_hand = {id(buffer) for buffer in self.formula.trace.buffers if buffer.name in ("theta", "x") or buffer.values is not None}
        cheap = []
        for node in nodes:
            inner = node.inputs[0].shape[-1] if node.kind in ("product", "total") else 1
            plain = node.activation is None or isinstance(node.activation, PiecewiseActivation)
            if plain and inner <= MADE_AGAIN and all(id(i.buffer) in at_hand for i in node.inputs):
                at_hand.add(id(node.output.buffer))
                cheap.append(node)
        self.again = {id(node.output.buffer) for node in cheap}
        return cheap

    def _shorten(self, programs: list[Program], cleared: set[str]) -> None:
        """Buffers that are used in the rounds of one loop alone hold one round."""
        for name in [name for name in self.vectors if name not in cleared]:
            using = [p for p in programs if any(place.name == name for n in p.nests for s in n.statements for place in s.places)]
            if len(using) == 1 and using[0].keep_in_rounds(name):
                del self.vectors[name]

    # --------------------------------------------------------------------------------------------------------- statements

    def _forward(self, program: Program, node: Node) -> None:
        out, ins = self._place(node.output), [self._place(i) for i in node.inputs]
        match node.kind:
            case "activate":
                assert node.activation is not None
                text = written(node.activation)
                outs = [out]
                keep = ""
                if text.slope_of == "states":
                    name = f"s{node.output.buffer.name}"
                    self.slopes[id(node)] = name
                    outs.append(self._put(name, node.output))
                    keep = f" {{o1}} = {text.slope};"
                program.add(Statement(outs, ins, "", whole=f"{{{{ const Vector z = {{0}}; {text.states} {{o0}} = {text.value};{keep} }}}}"))
            case "product" | "total":
                out = out.at(_spread(node.output.places, node.inputs[0].shape))
                program.add(Statement([out], ins, "{0} * {1}" if node.kind == "product" else "{0}"))
            case _:
                sign = {"add": "+", "subtract": "-", "multiply": "*"}[node.kind]
                program.add(Statement([out], ins, f"{{0}} {sign} {{1}}"))

    def _loss(self, program: Program) -> None:
        output = self.formula.output
        f, d = self._place(output.reshape(-1)), self._put(self._d(output.buffer), output.reshape(-1))
        if not _covers(output):
            program.cleared.append(d.name)
        (self._cross_entropy if self.data.loss == CROSS_ENTROPY else self._squares)(program, f, d)

    def _squares(self, program: Program, f: Place, d: Place) -> None:
        """From the outputs ``f`` the slopes ``d``, number by number."""
        _, single_y, single_w = self.data.single
        count = np.arange(f.addresses.size)
        of_sample = 0 if self.formula.entries else len(count)
        y = Place("y", count, sample_stride=of_sample, single=single_y)
        w = Place("w", count if self.formula.entries else 0 * count, sample_stride=0 if self.formula.entries else 1, single=single_w)
        text = "{{ const Vector r = {0} - {1}, weighted = {2} * r; loss += weighted * r; {o0} = weighted; }}"
        program.add(Statement([d], [f, y, w], "", whole=text, scalar=True))

    def _cross_entropy(self, program: Program, f: Place, d: Place) -> None:
        """The same of all outputs of a sample in one statement."""
        outputs, (_, single_y, single_w) = self.formula.outputs, self.data.single
        ys = [Place("y", np.array(k), sample_stride=outputs, single=single_y) for k in range(outputs)]
        fs, ds = ([place.at(place.addresses[k]) for k in range(outputs)] for place in (f, d))
        w = Place("w", np.array(0), sample_stride=1, single=single_w)
        listed = lambda first: ", ".join(f"{{{k}}}" for k in range(first, first + outputs))
        text = (
            f"{{{{ const Vector outputs[] = {{{{{listed(0)}}}}}, targets[] = {{{{{listed(outputs)}}}}}, weight = .5 * {{{2 * outputs}}}; "
        )
        text += f"Vector slope[{outputs}]; loss += 2. * weight * cross_entropy<{outputs}>(outputs, targets, slope); "
        text += " ".join(f"{{o{k}}} = weight * slope[{k}];" for k in range(outputs)) + " }}"
        program.add(Statement(ds, [*fs, *ys, w], "", whole=text, scalar=True))

    def _backward(self, program: Program, node: Node, clears: dict[str, list[str]]) -> None:
        if not node.output.buffer.learned or self._d(node.output.buffer) not in self.started:
            return
        shape = node.inputs[0].shape
        d = self._put(self._d(node.output.buffer), node.output)
        d = d.at(_spread(d.addresses, shape))
        # what is learned directly first: it can share the loop that has just made d
        order = sorted(range(len(node.inputs)), key=lambda k: node.inputs[k].buffer.sampled)
        for k in order:
            target = node.inputs[k]
            if not target.buffer.learned:
                continue
            others, term = self._derivative(node, k)
            if term == "{0}" and self._may_share(node, k):
                self.names[id(target.buffer)] = d.name
                continue
            self._accumulate(program, target, [d, *others], term, clears)

    def _derivative(self, node: Node, k: int) -> tuple[list[Place], str]:
        """What the adjoint {0} of the output is multiplied with, and the term."""
        match node.kind:
            case "add" | "total":
                return [], "{0}"
            case "subtract":
                return [], "{0}" if k == 0 else "-{0}"
            case "multiply" | "product":
                return [self._place(node.inputs[1 - k])], "{0} * {1}"
        assert node.activation is not None
        text = written(node.activation)
        if text.slope_of == "states":
            return [self._put(self.slopes[id(node)], node.output)], "{0} * {1}"
        name, place = ("h", self._place(node.output)) if text.slope_of == "value" else ("z", self._place(node.inputs[0]))
        if name not in text.slope:
            return [], f"{{0}} * {text.slope}"
        return [place], f"{{0}} * slope{self._slope_function(text.slope, name)}({{1}})"

    def _slope_function(self, slope: str, argument: str) -> int:
        return self.functions.setdefault((slope, argument), len(self.functions))

    def _may_share(self, node: Node, k: int) -> bool:
        """Whether the adjoint of input k is the output's, entry by entry, and no other operation adds to it."""
        target, out = node.inputs[k], node.output
        alone = self.uses[id(target.buffer)] == 1 and sum(i.buffer is target.buffer for i in node.inputs) == 1
        same = target.buffer.size == out.buffer.size and np.array_equal(target.places.ravel(), out.places.ravel())
        return alone and same and target.buffer.name != "theta" and target.buffer.sampled == out.buffer.sampled

    def _accumulate(self, program: Program, target: Traced, ins: list[Place], term: str, clears: dict[str, list[str]]) -> None:
        name = self._d(target.buffer)
        out = self._put(name, target)
        first = name not in self.started and name != GRADIENT
        if first:
            self.started.add(name)
        # adjoints of what depends on no sample are summed over all groups of samples
        across = not target.buffer.sampled and any(place.sampled for place in ins) and not self.data.alone
        adds = not first or across or not _covers(target)
        if name == GRADIENT:
            adds = self._gradient_adds(target, ins)
        elif first and adds:
            clears["before" if not target.buffer.sampled else "backward"].append(name)
        program.add(Statement([out], ins, term, adds))

    def _gradient_adds(self, target: Traced, ins: list[Place]) -> bool:
        """Whether a part of the gradient is added to; where no groups of samples are summed over, the first statement sets it."""
        set_here = (self.data.alone or not any(place.sampled for place in ins)) and _once(target) and not self.gradient[target.places].any()
        self.uncleared[target.places] |= set_here
        self.gradient[target.places] = True
        return not set_here

    # -------------------------------------------------------------------------------------------------------------- names

    def _d(self, buffer: Buffer) -> str:
        return GRADIENT if buffer.name == "theta" else self.names.get(id(buffer), f"d{buffer.name}")

    def _put(self, name: str, array: Traced) -> Place:
        """The place of ``array`` in the buffer ``name``, which is declared: the array's own, its adjoint's, or that of its slopes."""
        buffer = array.buffer
        if buffer.name == "theta":
            return Place(name, self.layout.places[array.places])
        row = self.row if buffer.sampled else 1
        length = -(-buffer.size // MOST_LANES) * MOST_LANES if self.units else buffer.size
        self.vectors[name], self.sizes[name] = length * row, buffer.size
        if not buffer.sampled:
            return Place(name, array.places)
        return Place(name, array.places, sample_stride=length) if self.units else Place(name, array.places, row)

    def _place(self, array: Traced) -> Place:
        buffer = array.buffer
        if buffer.name == "x":
            return Place("x", array.places, sample_stride=self.formula.inputs, single=self.data.single[0])
        if buffer.values is not None:
            return Place(buffer.name, array.places, single=True)
        return self._put(buffer.name + "again" * (id(buffer) in self.again), array)

    # --------------------------------------------------------------------------------------------------------------- text

    def _assembled(self, programs: dict[str, Program], clears: dict[str, list[str]]) -> str:
        bodies = {name: program.text("    ") for name, program in programs.items()}
        lines = [f"enum {{ PARAMETERS = {self.formula.parameters}, INPUTS = {self.formula.inputs}, OUTPUTS = {self.formula.outputs} }};"]
        for name, values in self.tables.values():
            lines.append(f"TABLE int {name}[] = {{{', '.join(map(str, values.ravel().tolist()))}}};")
        for buffer in self.formula.trace.buffers:
            if buffer.values is not None:
                lines.append(f"TABLE double {buffer.name}[] = {{{', '.join(map(repr, buffer.values.tolist()))}}};")
        kinds = ("Vector", "double") if self.units and not self.data.device else ("Vector",)
        for (slope, argument), number in self.functions.items():
            lines += [f"LANE {kind} slope{number}({kind} {argument}) {{ return {slope}; }}" for kind in kinds]
        total = sum(self.vectors.values())
        large = total > ON_STACK or (self.units and self.data.device)
        kind, memory = ("double", "(double*)scratch") if self.units else ("Vector", "scratch")
        declared, at = [], 0
        for name, count in self.vectors.items():
            declared.append(f"{kind}* RESTRICT {name} = {memory} + {at};" if large else f"{kind} {name}[{count}];")
            at += count
        if self.units:
            declared += ["const double* RESTRICT theta = (const double*)theta_;", "double* RESTRICT g = (double*)g_;"]

        each = "for (int k = 0; k < {}; k++)"
        if self.data.device:
            each = "for (int k = thread(); k < {}; k += TEAM)" if self.units else "UNROLL " + each

        def clear(name: str) -> list[str]:
            known = [buffer for buffer in clears[name] if buffer in self.vectors]
            lines = [f"    {each.format(self.vectors[buffer])} {buffer}[k] = {kind}{{}};" for buffer in known]
            return lines + ["    wait();"] * bool(lines and self.units and self.data.device)

        lines += [f"#define SCRATCH {(f'({total} / LANES)' if self.units else total) if large else 0}"]
        lines += [f"enum {{ SLOTS = {self.layout.slots}{' / LANES' if self.units else ''} }};"]
        x, y, w = ("double" if single or self.units else "Vector" for single in self.data.single)
        lines += [f"typedef {x} X;", f"typedef {y} Y;", f"typedef {w} W;", f"enum {{ TOGETHER = {self.row} }};"]
        if not self.data.device:
            lines += ["typedef const X* RESTRICT Inputs;", "typedef const Y* RESTRICT Targets;", "typedef const W* RESTRICT Weights;"]
        theta, g, returned = ("theta_", "g_", "whole(.5 * loss)") if self.units else ("theta", "g", ".5 * loss")
        waits = ["  wait();"] if self.units and self.data.device else []
        lines += [
            "template <bool GRADIENT>",
            f"LANE Vector loss_and_gradient(int n, const Vector* RESTRICT {theta}, Inputs x, Targets y, Weights w,",
            f"                              Vector* RESTRICT {g}, Vector* RESTRICT scratch) {{",
            f"  {kind} loss = {{}};",
            *("  " + line for line in declared),
            *([] if self.uncleared.all() else [f"  {each.format(self.layout.slots)} g[k] = {kind}{{}};", *waits]),
            *clear("before"),
            bodies["before"],
        ]
        if not self.formula.entries:
            lines += [
                "  for (int i = 0; i < n; i += TOGETHER) {",
                *clear("forward"),
                bodies["forward"],
                "    if (GRADIENT) {",
                *clear("backward"),
                bodies["backward"],
                "    }",
                "    x += TOGETHER * INPUTS, y += TOGETHER * OUTPUTS, w += TOGETHER;",
                "  }",
            ]
        lines += ["  if (GRADIENT) {", *clear("after"), bodies["after"], "  }", f"  return {returned};", "}"]
        return "\n".join(line for line in lines if line)


def _spread(places: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """``places`` over further axes at the end."""
    return np.broadcast_to(places.reshape(places.shape + (1,) * (len(shape) - places.ndim)), shape)


def _once(target: Traced) -> bool:
    """Whether no place comes twice, apart from axes along which nothing changes."""
    kept = [slice(None) if (target.places != np.take(target.places, [0], a)).any() else 0 for a in range(target.ndim)]
    places = target.places[tuple(kept)]
    return len(np.unique(places)) == places.size


def _covers(target: Traced) -> bool:
    """Whether the places, taken once each, are exactly the buffer."""
    return _once(target) and len(np.unique(target.places)) == target.buffer.size


@dataclass(frozen=True)
class Generated:
    """``text``, how many intermediate numbers (vectors where lanes are networks) it keeps, and the ``share`` of work in lanes."""

    text: str
    scratch: int
    share: float


@lru_cache(maxsize=256)
def generated(formula: Formula, data: Data) -> Generated:
    """The definitions that kernels/cpu.cpp or kernels/gpu.cu includes."""
    generator = Generator(formula, data)
    text = generator.text()
    lanes, total = generator.work
    return Generated(text, sum(generator.vectors.values()), float(lanes / max(1, total)))


def share_in_lanes(formula: Formula, data: Data) -> float:
    """The share of all operations that the mapping by units takes in lanes."""
    return generated(formula, replace(data, mapping=Mapping.UNITS, single=(True, True, True))).share
