"""Short markup says what the long one says."""

from emobench.reports.tight import tightened


def test_a_cell_is_short_and_says_the_same() -> None:
    cell = (
        '<td data-sort="0.5501285347043702"><span class="value">0.550</span>&nbsp;<span class="draws">± 0.002</span> '
        '<span class="interval">[0.507, 0.592]</span> <span class="floor"><strong>in</strong> floor 0.60 (≤ 0.7)</span>'
        "</td>"
    )
    assert tightened(cell) == (
        '<td data-sort=0.5501285>0.550&nbsp;<span class="draws">± 0.002</span> <small>[0.507, 0.592]</small> '
        "<small class=f><strong>in</strong> floor 0.60 (≤ 0.7)</small></td>"
    )


def test_what_sorts_as_text_or_not_at_all_stays() -> None:
    for cell in ('<td data-sort="">–</td>', '<td data-sort="noise">noise</td>', '<span class="sign">+</span>'):
        assert tightened(cell) == cell


def test_what_somebody_said_stays() -> None:
    said = "<q>&lt;span class=&quot;value&quot;&gt;1&lt;/span&gt;</q>"
    assert tightened(said) == said


def test_no_line_ends_before_a_per_cent_sign() -> None:
    assert tightened("<p>at most 10 % of 20.5 %, a % b</p>") == "<p>at most 10\u00a0% of 20.5\u00a0%, a % b</p>"
    assert tightened("<pre>run --model 'a 5 % b'</pre> 5 %") == "<pre>run --model 'a 5 % b'</pre> 5\u00a0%"


def test_large_and_small_keys_keep_their_order() -> None:
    keys = (-3.2e-9, 0.0, 1e-7, 0.1234567, 1.0, 8_880_406, 12_345_678, 6.0e10)
    short = [tightened(f'<td data-sort="{key!r}">') for key in keys]
    found = [float(cell.removeprefix("<td data-sort=").removesuffix(">")) for cell in short]
    assert found == sorted(found)
    assert len(set(found)) == len(keys)
