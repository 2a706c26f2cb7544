"""Drawings of the page in few bytes, with everything that is drawn."""

import re
import xml.etree.ElementTree as ET

from emobench.reports.svg_text import shortened

DRAWN = """<svg viewBox="0 0 10 10">
 <defs>
  <path id="m1" d="M 0 0
L 0 3.5
"/>
  <clipPath id="p2"><rect x="1.23456" y="-0.001" width="7.000001" height="2"/></clipPath>
 </defs>
 <g>
  <g style="opacity: 0.12345">
   <g>
    <path d="M 48.045455 192
C 1.006 2 3 4 5.5 6
z
" clip-path="url(#p2)" style="fill: none"/>
    <g clip-path="url(#p2)">
     <use href="#m1" x="54.844672" y="1200.5"/>
    </g>
   </g>
   <text transform="translate(1.23456 2)">1.23456 &lt;g&gt; d="M 1.23456 2"</text>
  </g>
 </g>
</svg>
"""


def test_groups_without_a_purpose_go_and_lengths_are_rounded() -> None:
    short = shortened(DRAWN, "a")
    root = ET.fromstring(short)
    tags = ["svg", "defs", "path", "clipPath", "rect", "g", "path", "g", "use", "text"]
    assert [one.tag for one in root.iter()] == tags
    assert [one.get("d") for one in root.iter("path")] == ["M0 0L0 3.5", "M48.05 192C1.01 2 3 4 5.5 6z"]
    (rect,) = root.iter("rect")
    assert (rect.get("x"), rect.get("y"), rect.get("width"), rect.get("height")) == ("1.23", "-0", "7", "2")
    group, clipped = root.iter("g")
    assert clipped.get("clip-path")
    assert group.get("style") == "opacity: 0.12345", "a share, and no length"
    (text,) = root.iter("text")
    assert (text.text, text.get("transform")) == ('1.23456 <g> d="M 1.23456 2"', "translate(1.23 2)")
    (use,) = root.iter("use")
    assert (use.get("x"), use.get("y")) == ("54.84", "1200.5")


def test_ids_are_short_and_those_of_two_drawings_differ() -> None:
    one, other = (shortened(DRAWN, name) for name in ("a", "b"))
    ids = re.findall(r' id="([^"]*)"', one)
    assert len(set(ids)) == 2
    assert not set(ids) & set(re.findall(r' id="([^"]*)"', other))
    assert f'href="#{ids[0]}"' in one
    assert set(re.findall(r"url\(#([^)]*)\)", one)) == {ids[1]}
    assert shortened(DRAWN, "a") == one
