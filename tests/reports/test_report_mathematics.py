"""LaTeX as MathML: golden forms, words beside formulas, and nothing that leaves a backslash or an empty operator."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import html
from reports.mathematics import readable, render_math, unknown

GOLDEN = Path(__file__).parent / "golden" / "mathematics.txt"

STATEMENTS = [
    r"R(f^*) = r (d_1 + d_2 - r), \quad r = \operatorname{rank} f^*",
    r"m \ge r",
    r"r = 1,\ f^*_{ij} \neq 0:\ R_S = R \iff \text{the graph is connected};\quad \#\{S : |S| = R\} = d_1^{d_2 - 1}",
    r"\text{the } G_j \text{ are generic, or generic of rank one}",
    r"the width m \ge r and a generic input x_1, x_2.",
    r"every hidden neuron is distinct",
    r"\text{rank $m$ of } A",
    r"n\text{-sample}",
    r"\mathrm{Null}(A) \setminus B",
    r"\left\lVert A \right\rVert_F^2 \not= 0",
    r"\sigma(z) = \begin{cases} z & z > 0 \\ 0 & \text{otherwise} \end{cases}",
    r"\lim_{n \to \infty} \frac{a_n}{\sqrt[3]{n}} = \binom{n}{k} \dots",
    r"A^{\mathsf T} \in \mathbb{R}^{d \times n}",
    r"\arg\min_{X \theta = y} |\theta|, \ \left. f \right|_{x = 0}",
]


def text_of(html):
    return re.sub(r"<[^>]+>", "", html)


def test_golden_forms():
    found = "\n".join(f"{statement}\n  {render_math(statement)}" for statement in STATEMENTS) + "\n"
    assert found == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("statement", STATEMENTS)
def test_every_golden_form_is_set(statement):
    assert "unset" not in render_math(statement)
    assert "\\" not in render_math(statement)
    assert not re.search(r"<m[ion][^>]*>\s*</m[ion]>", render_math(statement))


@pytest.mark.parametrize("broken", [r"\foo x", "x^", r"\left( x", "a } b", "{", "\\", r"\text{unclosed", r"\frac{a", r"\text{a \foo b}"])
def test_what_cannot_be_set_is_shown_as_plain_text(broken):
    assert render_math(broken).startswith('<code class="unset"')
    assert "\\" not in render_math(broken)


def test_long_statements_may_break():
    pieces = render_math(r"R_S(A, B) = \min(n, R(A, B)) = \min(n, d_1 d_2 - (d_1 - a)(d_2 - b)), \quad n \le d_1 d_2").count("<math>")
    assert pieces >= 3
    assert render_math(r"a = b").count("<math>") == 1


def test_words_and_formulas_are_told_apart():
    rendered = render_math("analytic in x and bounded by a constant")
    assert rendered == "analytic in <math><mrow><mi>x</mi></mrow></math> and bounded by a constant"
    assert render_math("f(x_1) a single value").endswith("</math> a single value")
    assert render_math(r"$x$ is \$5") == "<math><mrow><mi>x</mi></mrow></math> is $5"


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        r"\text{<img src=x onerror=alert(1)>}",
        r"\href{javascript:alert(1)}{x}",
        r"\style{color:red}{x}",
        r"\class{a}{x} \cssId{b}{y}",
        "a &lt;script&gt; b",
        '" onmouseover="alert(1)',
        r"\includegraphics{http://example.org/x.png}",
        r"\unicode{60}script",
    ],
)
def test_hostile_statements_are_harmless(hostile):
    rendered = render_math(hostile)
    tags = set(re.findall(r"<([a-zA-Z]+)", rendered))
    assert not tags & {"script", "img", "a", "style"}
    assert not re.search(r"<[^>]*\b(on\w+|href|src|style)\s*=", rendered)


@given(st.text(alphabet=st.sampled_from(list("\\{}[]()$^_&%#~<>=+-*/|!:;,. abxyzR01\"'é∈")), max_size=40))
def test_any_text_renders(text):
    rendered = render_math(text)
    assert "\\" not in rendered
    assert not re.search(r"<m[ion][^>]*>\s*</m[ion]>", rendered)


@given(
    st.lists(
        st.sampled_from([r"\text{", "}", "{", r"\frac", r"\left(", r"\right)", r"\sum", "_", "^", "$", "x", r"\ ", "\\\\", "width "]),
        max_size=14,
    )
)
def test_any_sequence_of_commands_renders(parts):
    assert "\\" not in render_math("".join(parts))
    assert "\\" not in readable("".join(parts))


def test_readable():
    assert readable(r"R(f^*) \ge r \text{ for all } \theta_{1}") == "R(f^*) ≥ r for all θ_1"
    assert readable("no commands") == "no commands"


def test_the_font_has_what_the_formulas_of_the_claims_use():
    from importlib import resources

    from fontTools.ttLib import TTFont

    from proofs_check import load_claims

    with resources.as_file(resources.files("reports").joinpath("assets", "math.woff")) as file:
        font = TTFont(file)
    texts = [text for claim in load_claims().values() for text in (claim.statement, *(clause.statement for clause in claim.clauses))]
    found = "".join("".join(re.findall(r">([^<]+)<", one)) for text in texts for one in re.findall(r"<math>.*?</math>", render_math(text)))
    assert sorted(set(found) - set(map(chr, font.getBestCmap())) - set(" \n\u2009\u200a\u2003\u2002\u2005\u2004")) == []
    assert "MATH" in font and set(range(0x1D434, 0x1D468)) - {0x1D455} <= font.getBestCmap().keys()  # italic letters


LETTERS = r"alpha|beta|gamma|delta|epsilon|eta|theta|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|phi|chi|psi|omega|Theta|Phi|Sigma|Lambda"


def test_letters_of_plain_meanings_are_set():
    from reports.html import _letter, _meaning

    assert "<mi>θ</mi>" in _letter("theta^*") and _letter("epsilon") == _letter(r"\varepsilon")
    assert "regularized incomplete beta function" == _meaning("regularized incomplete beta function")
    for text, found in (
        ("lambda Cov_pi(gamma, beta)", ["λ", "Cov", "π", "γ", "β"]),
        ("x_t^(k-2)/sqrt(v_t)", ["<msqrt>"]),
        ("covariance of grad R^xi", ["covariance of", "∇", "ξ"]),
        ("a bound: |x| <= r", ["≤"]),
    ):
        assert all(part in _meaning(text) for part in found), _meaning(text)
    power = _meaning("beta_2^(1/(2(k-2))), in (0, 1)")
    assert re.search(r"<msubsup><mi>β</mi><mn>2</mn><mrow>.*<mn>2</mn>.*</mrow></msubsup>", power), power


def test_no_claim_shows_a_letter_by_its_name():
    from proofs_check import load_claims
    from reports.html import _letter, _meaning

    for claim in load_claims().values():
        for symbol, meaning in claim.symbols.items():
            for shown in (_letter(symbol), _meaning(meaning)):
                assert not re.search(rf"<m[it]e?x?t?[^>]*>(?:{LETTERS})</m", shown), (claim.id, symbol, meaning)


def test_what_cannot_be_set_is_named_with_its_place():
    assert unknown(r"R \le \operatorname{rank} A") == ""
    assert unknown(r"R = \fooo{1}") == r"the command \fooo at character 5 is not known"
    assert unknown(r"\sqrt{") == "it cannot be set as mathematics"


@pytest.mark.parametrize(("latex", "shown"), [(r"n \mathrel{+}= 1", "n+=1"), (r"M - \text{hidden}' \text{ of } d", "M− hidden′ of d")])
def test_relations_of_several_signs_and_primes_of_words_are_set(latex, shown):
    page = render_math(latex)
    assert unknown(latex) == "" and re.sub("<[^>]+>", "", page) == shown


@pytest.mark.parametrize("symbol", [r"\operatorname{Var}", "Var", r"theta^*", r"\theta"])
def test_symbols_are_set_spelled_out_or_not(symbol):
    assert "unset" not in html._letter(symbol)


def test_short_words_between_formulas_stay_words():
    assert re.sub("<[^>]+>", "", render_math(r"\rho^2, in (0, 1)")) == "ρ2, in (0, 1)"
    assert "the gamma function" in html._meaning("the gamma function")
