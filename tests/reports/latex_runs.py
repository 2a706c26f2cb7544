"""Runs whose LaTeX has to compile: arguments of `fake_run.make_run` by what they are."""

RUNS: dict[str, dict[str, object]] = {
    "two data sets and four models": {
        "models": ("rage_fusion", "late_fusion:preset=a_rather_long_one,with_more=arguments", "prior", "bayes_optimal"),
        "data": ("simulated", "meld"),
        "failed": (("prior", "modality_drop:drop=text", "it was out of memory"),),
    },
    "one of everything": {
        "models": ("prior",),
        "data": ("mosi",),
        "only": ("clean",),
        "selection": "test",
        "dialogues": 31,
    },
    "sixty conditions": {
        "models": ("rage_fusion", "m3net", "late_fusion", "bayes_optimal"),
        "stresses": True,
        "failed": tuple(("m3net", f"noise:snr_db={level}", "it was out of memory") for level in (20, 10, 5, 0, -5)),
    },
    "hostile names": {
        "models": ('<script>alert("1")</script>&_%', "_{under}$x$~^\\#", "中文 é ß α", "bayes_optimal"),
        "classes": ("a<b>", "$x_1$ & 50%", "é→中", "~^\\#{}"),
        "command": 'emobench run --model "\\input{x}" && %$#_^ ' + "x" * 300,
        "failed": (("_{under}$x$~^\\#", "", "\\end{document} & " + "y" * 200),),
    },
}
