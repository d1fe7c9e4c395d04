"""Events by TensorBoard's own writer, for tests/runtime/tensorboard_test.cpp.

    python3 tests/reference/tensorboard_events.py             writes tensorboard.json (needs tensorboard)
    python3 tests/reference/tensorboard_events.py FOLDER      lists what TensorBoard reads in a run's folder
"""
import io
import sys

import formula


def events():
    from tensorboard.compat.proto import event_pb2, summary_pb2

    def event(step, tag, **value):
        summary = summary_pb2.Summary(value=[summary_pb2.Summary.Value(tag=tag, **value)])
        return event_pb2.Event(wall_time=1234.5, step=step, summary=summary)

    yield "version", event_pb2.Event(wall_time=1234.5, file_version="brain.Event:2")
    yield "start", event_pb2.Event(wall_time=1234.5, step=300,
                                   session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START))
    yield "scalar", event(1, "loss", simple_value=0.25)
    yield "late", event(1_000_000, "train/loss", simple_value=-3.5)
    image = summary_pb2.Summary.Image(height=300, width=2, colorspace=3, encoded_image_string=b"\x89PNG\x00\xff")
    yield "image", event(7, "samples", image=image)


def main():
    if len(sys.argv) > 1:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        read = EventAccumulator(sys.argv[1], size_guidance={"images": 0, "scalars": 0}).Reload()
        for tag in read.Tags()["scalars"]:
            print(tag, [(each.step, each.value) for each in read.Scalars(tag)][:5], len(read.Scalars(tag)))
        for tag in read.Tags()["images"]:
            print(tag, [(each.step, each.width, each.height) for each in read.Images(tag)])
        return
    from tensorboard.summary.writer.record_writer import RecordWriter
    records = {}
    for name, event in events():
        buffer = io.BytesIO()
        RecordWriter(buffer).write(event.SerializeToString())
        records[name] = buffer.getvalue().hex()
    formula.write("tensorboard.json", {"about": "TFRecords of the events of tensorboard_events.py, hexadecimal",
                                       "records": records})


if __name__ == "__main__":
    main()
