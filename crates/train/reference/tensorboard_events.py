"""Writes tensorboard_events.bin with TensorBoard's own writer, or reads a folder of event files.

    pip install tensorboard
    python tensorboard_events.py                    # the file that a test compares with
    python tensorboard_events.py --read FOLDER      # what TensorBoard makes of a run, one line a tag
"""

import argparse
import pathlib


def write(path):
    from tensorboard.compat.proto.event_pb2 import Event, SessionLog
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.record_writer import RecordWriter

    scalars = [("train/loss", 0.625), ("speed/songs_per_second", 1234.5)]
    values = [Summary.Value(tag=tag, simple_value=value) for tag, value in scalars]
    events = [
        Event(wall_time=1_700_000_000.25, file_version="brain.Event:2"),
        Event(wall_time=1_700_000_001.0, step=300, session_log=SessionLog(status=SessionLog.START)),
        Event(wall_time=1_700_000_002.5, step=301, summary=Summary(value=values)),
    ]
    with path.open("wb") as file:
        writer = RecordWriter(file)
        for event in events:
            writer.write(event.SerializeToString())


def read(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()
    for tag in sorted(events.Tags()["scalars"]):
        scalars = events.Scalars(tag)
        steps = [scalar.step for scalar in scalars]
        assert steps == sorted(set(steps)), f"{tag}: steps {steps} are not in order"
        print(f"{tag:40} {len(scalars):6} values, step {steps[0]} to {steps[-1]}, last {scalars[-1].value:.6g}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--read", type=pathlib.Path, metavar="FOLDER")
    args = parser.parse_args()
    if args.read:
        read(args.read)
    else:
        write(pathlib.Path(__file__).with_suffix(".bin"))
