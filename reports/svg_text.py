"""The text of an SVG made short: what a browser draws stays the same to a hundredth of a pixel."""

import hashlib
import re

_TAG = re.compile(r"<[^>]*>")
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_UNSEEN = re.compile(r'\s*<path d="[^"]*" style="fill: none"/>|\s*<g/>')
"""What is neither filled nor stroked: the backgrounds of figures and axes; and groups of nothing."""
_LENGTHS = re.compile(r'(?<= )(?:d|x|y|x1|x2|y1|y2|width|height|points|transform)="[^"]*"')


def shortened(svg: str, name: str) -> str:
    """Return an SVG without what is not seen and groups that group nothing, with short ids and rounded lengths.

    Parameters
    ----------
    svg
        An element whose text holds no `<` or `>` but those of tags.
    name
        Its ids begin with a digest of it: pieces of several drawings on a page are told apart.
    """
    svg = _UNSEEN.sub("", svg)
    ids = dict.fromkeys(re.findall(r' id="([^"]*)"', svg))
    start = f"f{hashlib.blake2s(name.encode(), digest_size=5).hexdigest()}"
    short = {one: f"{start}-{place}" for place, one in enumerate(ids)}
    groups: list[bool] = []

    def tag(found: re.Match[str]) -> str:
        text = found.group()
        if text == "</g>":
            return text if groups.pop() else ""
        if text == "<g>" or text.startswith("<g "):
            groups.append(text != "<g>")
            if text == "<g>":
                return ""
        text = re.sub(r'( id="|url\(#|href="#)([^")]*)', lambda one: one[1] + short.get(one[2], one[2]), text)
        return _LENGTHS.sub(lambda one: _rounded(one.group()), text)

    return re.sub(r"\n\s*", "\n", _TAG.sub(tag, svg)).strip()


def _rounded(attribute: str) -> str:
    """Return an attribute with lengths of at most two decimals; of a path the commands without what is between."""
    text = _NUMBER.sub(lambda found: f"{round(float(found.group()), 2):g}", attribute)
    if not text.startswith("d="):
        return text
    return re.sub(r" ?\n ?|(?<=[A-Za-z]) | (?=[A-Za-z])", "", text)
