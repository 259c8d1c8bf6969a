import sys, pathlib, tempfile, os
from tamper.genuine.form import Workshop
from importlib import import_module
from trueware.releasing import Naming, take_in
from trueware.storage.memory import MemoryStore
from trueware.artefact import measure_artefact
mod, cls = sys.argv[1].split(":")
w = Workshop(pathlib.Path(os.path.expanduser("~/.cache/trueware/corpus/corpus")), pathlib.Path("build/tamper"), pathlib.Path(tempfile.mkdtemp(prefix="tamper-")))
w.store.mkdir(parents=True, exist_ok=True)
g = getattr(import_module(f"tamper.genuine.{mod}"), cls)(w)
image = g.image()
p = w.scratch / ("x" + g.suffix); p.write_bytes(image)
m = measure_artefact(p)
paths = {path: part for path, part in m.measurement.root.walk()}
want = {g.shown(x) for x in g.tree if x}
print(len(image), len(paths), "missing", [x for x in want if x not in paths][:20], "findings", m.measurement.findings[:5], m.claims)
from trueware.knowledge import policy_for
print(policy_for(m.measurement.root))
print([x for x in paths if x.count("!/")==0 or x.count("/")<1][:60])
