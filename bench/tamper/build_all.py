import tempfile, os, sys, time
from pathlib import Path
from tamper.genuine import GENUINE
from tamper.genuine.form import Workshop, Missing
from tamper.kinds import all_kinds
from tamper.edits import differing
w = Workshop(Path(os.path.expanduser("~/.cache/trueware/corpus/corpus")), Path("build/tamper"), Path(tempfile.mkdtemp(prefix="tamper-")))
made = {}
for k in all_kinds():
    g = made.setdefault(k.subject, GENUINE[k.subject](w))
    try:
        t = k.edit_of(g)(g.tree)
        d, f = differing(g.tree, t)
        assert d, "no difference"
        if "-p" in sys.argv: print(k.id, sorted(g.shown(x) for x in d), sorted(f))
    except Exception as e:
        print("!!", k.id, type(e).__name__, str(e)[:200])
