"""Models in the sizes in which the contracts try them: what is promised does not depend on the size.

A model that is not named here is tried as it is, so a new one is covered at once; name it here if that takes long.
"""

SMALL: dict[str, str] = {
    "mm_dfn": "mm_dfn:width=8,graph_width=4,layers=2,epochs=2",
    "mmgcn": "mmgcn:width=8,graph_width=4,layers=2,epochs=2",
}
"""By name of the model the text that is tried in its place."""
MORE: tuple[str, ...] = (
    "mm_dfn:preset=paper,packed=true,width=8,graph_width=4,layers=3,epochs=2",
    "mmgcn:preset=paper,packed=true,width=8,graph_width=4,layers=3,epochs=2",
)
"""Further texts: other presets and switches that keep all promises."""
