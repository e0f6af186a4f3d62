"""Judges that come with the package; their model is the one that `XEROML_JUDGE_MODEL` names.

For another model, with votes or a rate limit, make one of your own of them:
`dataclasses.replace(helpfulness, model="...", rate_limit=limit)`.
"""

from __future__ import annotations

from xeroml_nb.scoring.judging.judge import Judge

helpfulness = Judge(
    "helpfulness",
    """\
How much does the output help the person who wrote the input?
Work out first what that person needs, then see how far the output takes them.
5: It does all that was asked, correctly, and can be used as it is.
4: It does what was asked, with a small gap or some needless text.
3: It helps in part: something that matters is missing, wrong or unclear.
2: Little of it is of use; most of the work is left to the person.
1: It does not help, misses the question, or misleads.
Length, politeness and confidence are no help by themselves. An output that rightly says what it
cannot know, and what to do instead, may help fully.""",
    range=(1, 5),
    sees=("input", "output"),
)

accuracy = Judge(
    "accuracy",
    """\
Does the output say the same as the expected output, as an answer to the input?
Only the substance counts: wording, order, format, units written out or not, and rounding to the
same number of digits do not matter. More than was expected is fine as long as it contradicts
nothing.
It fails if a fact, number, name or condition of the expected output is missing or different, if
it contradicts itself, or if it gives several answers of which only one is right.
The expected output is taken as true, also where you know better.""",
    sees=("input", "output", "expected_output"),
)

faithfulness = Judge(
    "faithfulness",
    """\
Is everything that the output states supported by the input?
Take each statement of the output by itself. It is supported if the input says it, or if it follows
from what the input says without any knowledge from elsewhere. General courtesies and statements
about the output itself need no support.
It fails if the input does not support one statement, or contradicts it, even if it is true.""",
    sees=("input", "output"),
)

conciseness = Judge(
    "conciseness",
    """\
Is the output as short as it can be without losing anything that the input asks for?
It fails if it repeats itself, repeats the input, announces or sums up what it says anyway, or adds
what nobody asked for. One that is short because it leaves out what was asked for fails too.""",
    sees=("input", "output"),
)
