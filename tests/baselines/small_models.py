"""Models in the sizes in which the contracts try them: what is promised does not depend on the size.

A model that is not named here is tried as it is, so a new one is covered at once; name it here if that takes long.
"""

SMALL: dict[str, str] = {
    "dialogue_gcn": "dialogue_gcn:width=6,graph_width=6,projection=5,epochs=2",
    "dialogue_rnn": "dialogue_rnn:width=8,emotion_width=6,projection=5,epochs=2",
    "m3net": "m3net:width=16,encoder_width=16,epochs=2",
    "mm_dfn": "mm_dfn:width=8,graph_width=4,layers=2,epochs=2",
    "mmgcn": "mmgcn:width=8,graph_width=4,layers=2,epochs=2",
    "mister_e": "mister_e:width=8,attention_width=6,heads=2,epochs=2",
    "multi_emo": "multi_emo:width=8,state_width=6,feed_forward=8,heads=2,epochs=2",
    "sdt": "sdt:width=8,heads=2,epochs=2",
    "sure": "sure:width=8,heads=2,epochs=2",
}
"""By name of the model the text that is tried in its place."""
MORE: tuple[str, ...] = (
    "dialogue_gcn:preset=paper,inputs=all,packed=true,width=6,graph_width=6,epochs=2",
    "dialogue_rnn:directions=forward,width=8,emotion_width=6,projection=5,epochs=2",
    "dialogue_rnn:preset=paper_meld,width=8,emotion_width=6,epochs=2,listener=true",
    "m3net:preset=paper,width=16,encoder_width=16,epochs=2,packed=true,edge_weights=clean",
    "mm_dfn:preset=paper,packed=true,width=8,graph_width=4,layers=3,epochs=2",
    "mmgcn:preset=paper,packed=true,width=8,graph_width=4,layers=3,epochs=2",
    "mister_e:preset=paper,width=8,attention_width=6,blocks=2,epochs=2",
    "multi_emo:preset=paper_meld,masked=true,width=8,state_width=6,feed_forward=8,heads=2,epochs=2",
    "sdt:preset=paper_meld,width=8,heads=2,epochs=2",
    "sure:iterations=0,width=8,heads=2,epochs=2",
    "sure:preset=paper_meld,normalise=sample,width=8,heads=2,epochs=2",
)
"""Further texts: other presets and switches that keep all promises."""
METHODS_ON: tuple[str, ...] = ("m3net:width=8,encoder_width=8,epochs=2",)
"""Models on which the contracts try every training method as it is."""
WITH_METHODS: tuple[str, ...] = (
    "m3net:width=8,encoder_width=8,epochs=2+cmerc:context=strict,stale_copy=true,labels=code,targets=2",
    "m3net:preset=paper,width=8,encoder_width=8,epochs=2,packed=true,edge_weights=clean+fmfp:averaging=0.5",
    "dialogue_rnn:width=8,emotion_width=6,projection=5,epochs=2+cmerc:rate=0.5,targets=1",
    "rage_fusion:width=8,epochs=2+cmerc:rate=0.5+crl+cml:gated=false+fmfp+ensemble:members=2+temperature",
)
"""Further texts with training methods: their switches, and all of them together."""
SMALL_METHODS: dict[str, str] = {"ensemble": "ensemble:members=2", "fmfp": "fmfp:averaging=0.5"}
"""By name of the method the text that is tried in its place."""
