"""The cases that the page is opened with: both samples with a playbook's journal, and one with hostile text in every field."""
import json
import os
import pathlib
import sqlite3
import subprocess
import sys

PAYLOAD = "<script>document.title='owned';alert(1)</script><img src=x onerror=alert(2)>\"'><svg onload=alert(3)>"
ENV = dict(os.environ, FIREBREAK_AUTHOR="ann@desk", TZ="Europe/Vienna", NO_COLOR="1")
MANUAL = """{"type":"playbook","spec_version":"cacao-2.0","id":"playbook--11111111-1111-4111-8111-111111111110","name":"tell the ward",
"created_by":"identity--22222222-2222-4222-8222-222222222220","created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z",
"workflow_start":"start--11111111-1111-4111-8111-111111111111","workflow":{
"start--11111111-1111-4111-8111-111111111111":{"type":"start","on_completion":"action--22222222-2222-4222-8222-222222222222"},
"action--22222222-2222-4222-8222-222222222222":{"type":"action","name":"tell the ward","commands":[{"type":"manual","command":"call them"}],
"on_completion":"end--33333333-3333-4333-8333-333333333333","agent":"individual--44444444-4444-4444-8444-444444444444"},
"end--33333333-3333-4333-8333-333333333333":{"type":"end"}},
"agent_definitions":{"individual--44444444-4444-4444-8444-444444444444":{"type":"individual","name":"on call"}}}"""


class Maker:
    """Runs the program in a scratch folder."""

    def __init__(self, binary, samples, scratch):
        self.binary, self.samples, self.scratch = str(pathlib.Path(binary).resolve()), samples, scratch
        # Evidence is named as somebody in the project's folder would name it.
        self.folder = samples.parent
        self.env = dict(ENV, FIREBREAK_JOURNAL_KEY=str(scratch / "journal.key"))

    def firebreak(self, *arguments, accept=(0,)):
        done = subprocess.run([self.binary, *map(str, arguments)], capture_output=True, text=True, env=self.env, cwd=self.folder)
        if done.returncode not in accept:
            sys.exit(f"firebreak {' '.join(map(str, arguments))}: exit {done.returncode}\n{done.stderr[-1500:]}")
        return done.stdout

    def sample(self, name):
        """A sample, traced, with a response: a rehearsed playbook that was halted, so that something failed and something waits."""
        folder, case = pathlib.Path(self.samples.name) / name, self.scratch / f"{name}.firebreak"
        self.firebreak("ingest", folder / "evidence", "--case", case, "--inventory", folder / "inventory.csv", "--topology", folder / "topology.csv")
        self.firebreak("trace", "--case", case)
        plan, kept = self.scratch / f"{name}.plan", self.scratch / f"{name}-rehearsal"
        self.firebreak("playbook", "plan", self.samples.parent / "Playbooks/isolate-device", "--case", case, "--targets", "role:device",
                       "--set", "broker=mqtt://10.0.0.5:1883", "--output", plan)
        self.firebreak("playbook", "rehearse", plan, "--seed", "3", "--refuse", "1", "--unreachable", "6", "--keep", kept, accept=(0, 1))
        database = sqlite3.connect(case)
        database.execute("ATTACH ? AS rehearsed", (str(kept / "rehearsal.firebreak"),))
        columns = "run, sequence, wall_time, monotonic_time, kind, step, target, outcome, detail, hash"
        database.execute(f"INSERT INTO journal ({columns}) SELECT {columns} FROM rehearsed.journal ORDER BY id")
        database.commit()
        database.close()
        return case

    def judge(self, case):
        """What people say after the trace of where it began: of its first candidate, and of one that is none."""
        incident = json.loads(self.firebreak("trace", "--case", case, "--no-store", "--format", "json"))["incidents"][0]
        self.firebreak("note", "--accept", f"origin:{incident['origins'][0]['device']}", "first in the gateway's log", "--case", case, "--author", "bob")
        self.firebreak("note", "--reject", f"origin:{incident['onset_details'][-1]['device']}", "it was switched off", "--case", case, "--author", "bob")

    def tell_the_ward(self, case):
        """A playbook that only asks people, really run on the case."""
        book, plan = self.scratch / "ward.json", self.scratch / "ward.plan"
        book.write_text(MANUAL)
        plan.unlink(missing_ok=True)
        self.firebreak("playbook", "plan", book, "--case", case, "--output", plan)
        self.firebreak("playbook", "run", plan, "--case", case, "--answer", "done")

    def hostile(self):
        folder = self.scratch / "hostile"
        folder.mkdir()
        log = folder / "a'<b onmouseover=alert(4)>.jsonl"
        lines = []
        for number in range(400):
            lines.append(json.dumps({
                "time": f"2025-02-22T02:{number // 60:02}:{number % 60:02}.000Z", "host": f"gw-{number % 7}{PAYLOAD}",
                "level": "error" if number % 3 == 0 else "info", "app": PAYLOAD, PAYLOAD: PAYLOAD,
                "msg": f"lost link {number} {PAYLOAD} \u202e\u0007 password=hunter2 token=abcdef123456"}))
        log.write_text("\n".join(lines) + f"\nnot json {PAYLOAD}\n")
        quoted = lambda text: '"' + text.replace('"', '""') + '"'
        name = lambda number: quoted(f"gw-{number % 7}{PAYLOAD}")
        inventory = folder / "inventory.csv"
        inventory.write_text("device,site,<b>col\n" + "".join(f'{name(n)},{quoted(PAYLOAD)},"=cmd()"\n' for n in range(7)))
        topology = folder / "topology.csv"
        topology.write_text("from,to,kind\n" + "".join(f"{name(n)},{name(n + 1)},{quoted(PAYLOAD)}\n" for n in range(7)))
        case = self.scratch / "hostile.firebreak"
        self.firebreak("ingest", log, "--case", case, "--inventory", inventory, "--topology", topology, accept=(0, 3))
        self.firebreak("trace", "--case", case, accept=(0, 1))
        for way in ["--accept", "--reject"]:
            self.firebreak("note", way, f"origin:gw-0{PAYLOAD}", PAYLOAD + " password=hunter2", "--case", case, "--author", PAYLOAD)
        self.firebreak("note", "1", PAYLOAD, "--case", case, "--author", PAYLOAD)
        self.firebreak("note", "1", "--tag", PAYLOAD, "--case", case)
        self.firebreak("note", "--set", f"customerImpact={PAYLOAD}", "--case", case)
        database = sqlite3.connect(case)
        for sequence, kind in enumerate(["run_started", "approved", "step_started", "intent", "result", "intent", "gate", "halted"], 1):
            database.execute(
                "INSERT INTO journal VALUES (NULL, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?)",
                (PAYLOAD, sequence, 1740192000000000000 + sequence * 60_000_000_000, kind, PAYLOAD if sequence > 2 else None,
                 f"gw-{sequence}{PAYLOAD}" if sequence in (4, 5, 6) else None, "failed" if kind == "result" else None,
                 json.dumps({"text": PAYLOAD, "reason": "unreachable"}), "0" * 64))
        database.commit()
        database.close()
        return case

    def one_event(self):
        log = self.scratch / "one.log"
        log.write_text("<25>1 2025-02-22T02:30:53.991Z gw-1 agentd 1 - - one line\n")
        case = self.scratch / "one.firebreak"
        self.firebreak("ingest", log, "--case", case)
        return case
