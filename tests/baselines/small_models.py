"""Models in the sizes in which the contracts try them: what is promised does not depend on the size.

A model that is not named here is tried as it is, so a new one is covered at once; name it here if that takes long.
"""

SMALL: dict[str, str] = {"m3net": "m3net:width=16,encoder_width=16,epochs=2"}
"""By name of the model the text that is tried in its place."""
MORE: tuple[str, ...] = ("m3net:preset=paper,width=16,encoder_width=16,epochs=2,packed=true,edge_weights=clean",)
"""Further texts: other presets and switches that keep all promises."""
