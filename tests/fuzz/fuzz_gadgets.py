"""What pickles are made to call by those who mean harm, in every way that the instructions have."""

import struct
from collections.abc import Callable

from fuzz_draws import Draw

CANARY = "fuzzcanary"
"""A file that would be made, were any of it carried out; in the folder that the fuzzer works in."""
COMMAND = f"touch {CANARY}"
CODE = f"open('{CANARY}', 'w').close()"

GADGETS: tuple[tuple[str, str, tuple[object, ...]], ...] = (
    *((module, name, (COMMAND,)) for module in ("os", "posix", "nt") for name in ("system", "popen")),
    ("subprocess", "Popen", (["touch", CANARY],)),
    ("subprocess", "call", (["touch", CANARY],)),
    ("subprocess", "getoutput", (COMMAND,)),
    ("commands", "getoutput", (COMMAND,)),
    *((module, name, (CODE,)) for module in ("builtins", "__builtin__") for name in ("eval", "exec", "execfile")),
    ("builtins", "open", (CANARY, "w")),
    ("io", "open", (CANARY, "w")),
    ("_io", "FileIO", (CANARY, "w")),
    ("builtins", "getattr", ("os", "system")),
    ("builtins", "__import__", ("os",)),
    ("builtins", "compile", (CODE, "a", "exec")),
    ("builtins", "map", ("eval", [CODE])),
    ("builtins", "type", ("A", (), {})),
    ("builtins", "breakpoint", ()),
    ("builtins", "input", ()),
    ("importlib", "import_module", ("antigravity",)),
    ("runpy", "run_path", (CANARY,)),
    ("pty", "spawn", (["touch", CANARY],)),
    ("code", "interact", ()),
    ("timeit", "timeit", (CODE,)),
    ("cProfile", "run", (CODE,)),
    ("profile", "run", (CODE,)),
    ("pdb", "run", (CODE,)),
    ("doctest", "debug_script", (CODE,)),
    ("functools", "partial", ("eval", CODE)),
    ("functools", "reduce", ("eval", [CODE])),
    ("operator", "attrgetter", ("system",)),
    ("operator", "methodcaller", ("system", COMMAND)),
    ("types", "FunctionType", ()),
    ("types", "CodeType", ()),
    ("marshal", "loads", (b"c",)),
    ("pickle", "loads", (b"cos\nsystem\n.",)),
    ("_pickle", "Unpickler", ()),
    ("shelve", "open", (CANARY,)),
    ("socket", "create_connection", (("127.0.0.1", 9),)),
    ("urllib.request", "urlopen", ("http://127.0.0.1:9/",)),
    ("http.client", "HTTPConnection", ("127.0.0.1",)),
    ("smtplib", "SMTP", ("127.0.0.1",)),
    ("webbrowser", "open", ("http://127.0.0.1:9/",)),
    ("ctypes", "CDLL", ("libc.so.6",)),
    ("shutil", "rmtree", (CANARY,)),
    ("os", "remove", (CANARY,)),
    ("os", "_exit", (0,)),
    ("sys", "exit", (0,)),
    ("sys", "setrecursionlimit", (10**9,)),
    ("signal", "raise_signal", (9,)),
    ("threading", "Thread", ()),
    ("multiprocessing.context", "Process", ()),
    ("asyncio.unix_events", "_UnixSubprocessTransport._start", ()),
    ("pathlib", "Path", (CANARY,)),
    ("tempfile", "NamedTemporaryFile", ()),
    ("logging.config", "listen", ()),
    ("site", "addsitedir", (".",)),
    ("pip", "main", (["install", CANARY],)),
    ("idlelib.run", "Executive", ()),
    ("lib2to3.pgen2.grammar", "Grammar.loads", (b"",)),
    ("numpy", "load", (CANARY,)),
    ("numpy", "fromfile", (CANARY,)),
    ("numpy", "memmap", (CANARY,)),
    ("numpy", "save", (CANARY, [1])),
    ("numpy", "loadtxt", (CANARY,)),
    ("numpy", "frompyfunc", ("eval", 1, 1)),
    ("numpy", "vectorize", ("eval",)),
    ("numpy", "ndarray.tofile", (CANARY,)),
    ("numpy", "ndarray.__class__", ()),
    ("numpy", "matrix", ("1",)),
    ("numpy.testing._private.utils", "runstring", (CODE, {})),
    ("numpy.testing", "rundocs", (CANARY,)),
    ("numpy.f2py", "compile", (CODE,)),
    ("numpy.f2py.crackfortran", "myeval", (CODE,)),
    ("numpy.f2py.crackfortran", "param_eval", (CODE, {}, {})),
    ("numpy.distutils.exec_command", "exec_command", (COMMAND,)),
    ("numpy.core.multiarray", "fromfile", (CANARY,)),
    ("numpy.core.records", "fromfile", (CANARY,)),
    ("numpy.ctypeslib", "load_library", (CANARY, ".")),
    ("numpy.lib.npyio", "DataSource.open", (CANARY,)),
    ("numpy.ma.core", "_mareconstruct", ()),
    ("torch", "load", (CANARY,)),
    ("torch.storage", "_load_from_bytes", (b"\x80\x02.",)),
    ("torch.hub", "load", ("a/b", "c")),
    ("torch.jit", "load", (CANARY,)),
    ("torch._utils", "_rebuild_tensor_v2", ()),
    ("pandas", "read_pickle", (CANARY,)),
    ("pandas.io.common", "get_handle", (CANARY, "w")),
    ("joblib", "load", (CANARY,)),
    ("dill", "loads", (b"",)),
    ("cloudpickle", "loads", (b"",)),
    ("_codecs", "decode", (b"a", "unicode_escape")),
    ("_codecs", "lookup", ("idna",)),
    ("_codecs", "register", ()),
    ("codecs", "open", (CANARY, "w")),
    ("copyreg", "_reconstructor", ()),
    ("copy_reg", "__newobj__", ()),
    ("copyreg", "add_extension", ("os", "system", 1)),
    ("emobench.benchmark.files", "write_text", (CANARY, "")),
    ("emobench.benchmark.safe_pickle.allowed", "Function", ("eval",)),
    ("worker", "allowed.find", ("os", "system")),
    ("allowed", "_ALLOWED", ()),
    ("__main__", "__dict__", ()),
    ("", "", ()),
    ("a" * 300, "b" * 300, ()),
    ("os\x1b[31m", "sys\rtem", ()),
    ("ｏｓ", "system", (COMMAND,)),
    ("numpy.core.multiarray.os", "system", (COMMAND,)),
    ("collections", "OrderedDict.__class__", ()),
    ("builtins", "set.__init__.__globals__", ()),
)
"""Module, name and what it would be called with."""


def text(content: bytes) -> bytes:
    """Return the instructions for a text."""
    return b"X" + struct.pack("<I", len(content)) + content


ALLOWED = tuple(
    b"\x8c" + bytes([len(module)]) + module + b"\x8c" + bytes([len(name)]) + name + b"\x93"
    for module, name in (
        (b"builtins", b"set"), (b"builtins", b"frozenset"), (b"builtins", b"bytes"), (b"builtins", b"bytearray"),
        (b"builtins", b"complex"),
        (b"builtins", b"list"), (b"__builtin__", b"dict"), (b"__builtin__", b"long"), (b"collections", b"OrderedDict"),
        (b"collections", b"defaultdict"), (b"_codecs", b"encode"), (b"numpy", b"ndarray"), (b"numpy", b"dtype"),
        (b"numpy.core.multiarray", b"_reconstruct"), (b"numpy._core.multiarray", b"scalar"), (b"numpy._core.numeric",
        b"_frombuffer"),
    )
)  # fmt: skip
"""Names that data may use, to be used for something else."""


def named(draw: Draw) -> bytes:
    """Return the instructions that name a gadget."""
    module, name, _ = draw.choice(GADGETS)
    return _name(draw, module, name)


def called(draw: Draw) -> bytes:
    """Return the instructions that would call a gadget."""
    module, name, arguments = draw.choice(GADGETS)
    callee, each = _name(draw, module, name), [_written(one) for one in arguments]
    ways: tuple[Callable[[], bytes], ...] = (
        lambda: callee + b"(" + b"".join(each) + b"tR",
        lambda: callee + b"(" + b"".join(each) + b"t\x81",
        lambda: callee + b"(" + b"".join(each) + b"t}\x92",
        lambda: b"(" + callee + b"".join(each) + b"o",
        lambda: b"(" + b"".join(each) + b"i" + f"{module}\n{name}\n".encode("utf-8", "replace"),
        lambda: callee + b"}" + text(b"a") + b"Nsb",
        lambda: (
            b"cbuiltins\nlist\n"
            + b"cbuiltins\nmap\n"
            + callee
            + b"]"
            + b"".join(b"%sa" % one for one in each)
            + b"\x86R\x85R"
        ),
        lambda: b"ccollections\ndefaultdict\n" + callee + b"\x85R" + text(b"a") + b"Ns",
        lambda: b"c_codecs\nencode\n}" + text(b"_work") + callee + b"sb",
        lambda: b"c_codecs\nencode\nN}" + text(b"_work") + callee + b"s\x86b",
        lambda: b"cnumpy.core.multiarray\n_reconstruct\n" + callee + b"K\0\x85C\x01b\x87R",
        lambda: b"cnumpy\ndtype\n" + callee + b"\x85R",
        lambda: b"(" + b"".join(each) + b"t" + b"Q",
        lambda: b"P" + f"{module}.{name}".replace("\n", "").encode("utf-8", "replace") + b"\n",
        lambda: b"\x82\x01" + b"(" + b"".join(each) + b"tR",
        lambda: b"ccopyreg\n__newobj__\n" + callee + b"\x85R",
    )
    return draw.choice(ways)()


def _name(draw: Draw, module: str, name: str) -> bytes:
    told, said = module.encode("utf-8", "replace"), name.encode("utf-8", "replace")
    return draw.choice(
        (
            b"c" + told + b"\n" + said + b"\n",
            text(told) + text(said) + b"\x93",
            text(told) + b"\x94" + text(said) + b"\x94\x93",
        )
    )


def _written(value: object) -> bytes:
    if isinstance(value, str):
        return text(value.encode())
    if isinstance(value, bytes):
        return b"B" + struct.pack("<I", len(value)) + value
    if isinstance(value, int):
        return b"J" + struct.pack("<i", min(value, 2**31 - 1))
    if isinstance(value, dict):
        return b"}"
    assert isinstance(value, (list, tuple)), value
    return b"(" + b"".join(map(_written, value)) + (b"l" if isinstance(value, list) else b"t")
