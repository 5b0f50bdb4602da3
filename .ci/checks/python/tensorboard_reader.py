"""TensorBoard's own reader finds in a run's event files what metrics.jsonl says, also after a resume."""

import json
import struct
import subprocess
import sys
import time

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import forms

STEPS = 40
CHANGES = {"training": {"steps": STEPS, "validate_every": 5}, "checkpoints": {"every": 7}}


def single(value):
    """A number as float32, which is what event files hold."""
    return struct.unpack("<f", struct.pack("<f", value))[0]


def main():
    workshop, count = forms.Workshop(), forms.Count()
    (workshop.folder / "run.json").write_text(json.dumps(forms.harness.merged(forms.BASE, CHANGES)))

    def compare(name):
        run = workshop.folder / name
        want = {}
        for line in (run / "metrics.jsonl").read_text().splitlines():
            record = json.loads(line)
            for tag, value in record.items():
                if tag != "step":
                    want.setdefault(tag, []).append((record["step"], single(value)))
        reader = EventAccumulator(str(run / "tensorboard"), size_guidance={"scalars": 0}, purge_orphaned_data=True)
        reader.Reload()
        found = {tag: [(event.step, event.value) for event in reader.Scalars(tag)] for tag in reader.Tags()["scalars"]}
        assert set(found) == set(want), f"tags {sorted(found)}, expected {sorted(want)}"
        for tag in want:
            steps = [step for step, _ in found[tag]]
            assert len(set(steps)) == len(steps), f"{tag}: a step twice: {steps}"
            assert found[tag] == want[tag], f"{tag}: {found[tag]}, expected {want[tag]}"
        assert [step for step, _ in found["loss"]] == list(range(1, STEPS + 1)), "a step is lost"
        return f"{sum(map(len, found.values()))} values of {len(found)} scalars in {len(list((run / 'tensorboard').iterdir()))} files"

    def whole():
        workshop.run("train", "run.json", "--out", "whole")
        return compare("whole")

    def resumed():
        """Killed twice between saves, so that steps are made again."""
        arguments = ["run.json", "--out", "resumed"]
        for until in [10, 25]:
            metrics = workshop.folder / "resumed/metrics.jsonl"
            process = subprocess.Popen([forms.harness.BIN / "qkv-train", *arguments], cwd=workshop.folder, env=workshop.environment,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            while process.poll() is None and not (metrics.exists() and metrics.read_text().count("gradient_norm") >= until):
                time.sleep(0.001)
            process.kill()
            process.wait()
            arguments = ["run.json", "--out", "resumed", "--resume"]
        workshop.run("train", *arguments)
        return compare("resumed")

    def extended():
        """Finished, then asked for more: no step is made again."""
        workshop.run("train", "run.json", "--out", "extended", "--set", "training.steps=20", "--set", "training.schedule=constant")
        workshop.run("train", "run.json", "--out", "extended", "--resume", "--set", "training.schedule=constant")
        return compare("extended")

    count.check("an uninterrupted run", whole)
    count.check("a run killed and resumed twice", resumed)
    count.check("a run resumed with more steps", extended)
    return count.close()


if __name__ == "__main__":
    sys.exit(main())
