"""A second reader of the files, written from docs/formats.md alone: h5py and numpy, nothing of this project.

    python independent_reader.py FILE OUT.npz

It reads a whole file, checks every header and frame, and saves what it found: ``samples`` (ticks, 2560 offline
channels), ``timestamps`` (of each block of 64 ticks), ``tps`` (flag, detid, channel, samples over threshold, start,
samples to peak, integral, peak, type, algorithm) and ``facts`` (crate, run number, index of the file). Whatever is not
as described ends it with an error. In a plain file, which has neither checks nor a channel map, the samples are in the
order of streams and their channels.
"""

import json
import re
import struct
import sys

import h5py
import numpy as np


def want(got, wanted, what):
    if got != wanted:
        sys.exit(f"{what}: got {got}, want {wanted}")


def read_source(raw, at, subsystem, what):
    version, found, number = struct.unpack_from("<HHI", raw, at)
    want((version, found), (2, subsystem), f"{what}: source id version and subsystem")
    return number


def read_fragment(raw, kind, subsystem, what):
    """Return (number, begin, end, run, source, payload) of a fragment."""
    marker, version, size, number, trigger, begin, end = struct.unpack_from("<IIQQQQQ", raw, 0)
    run, errors, found, sequence, detector = struct.unpack_from("<IIIHH", raw, 48)
    want((marker, version, size), (0x11112222, 5, len(raw)), f"{what}: marker, version, size")
    want((trigger, errors, found, sequence, detector), (begin, 0, kind, 0, 3), f"{what}: trigger to detector")
    return number, begin, end, run, read_source(raw, 64, subsystem, what), raw[72:]


def read_record_header(raw, what):
    """Return (number, run, windows by source) of a trigger record header."""
    marker, version, number, begin, count, run, errors, kind = struct.unpack_from("<IIQQQIIQ", raw, 0)
    want((marker, version, errors, kind), (0x33334444, 4, 0, 16), f"{what}: marker, version, errors, type")
    want(struct.unpack_from("<HHI", raw, 48), (0, 0, 0xFFFFFFFF), f"{what}: sequence numbers, padding")
    want(read_source(raw, 56, 4, what), 0, f"{what}: source")
    want(len(raw), 64 + 32 * count, f"{what}: bytes")
    windows = {}
    for at in range(64, len(raw), 32):
        want(struct.unpack_from("<II", raw, at), (2, 0xFFFFFFFF), f"{what}: component request")
        source = struct.unpack_from("<HHI", raw, at + 8)[1:]
        windows[source] = struct.unpack_from("<QQ", raw, at + 16)
        want(windows[source][0], begin, f"{what}: window of {source}")
    return number, run, windows


def read_slice_header(raw, what):
    marker, version, number, run, unused = struct.unpack_from("<IIQII", raw, 0)
    want((marker, version, unused, len(raw)), (0x55556666, 2, 0xFFFFFFFF, 32), f"{what}: header")
    want(read_source(raw, 24, 4, what), 0, f"{what}: source")
    return number, run, None


def bits_of(word, low, width):
    return (word >> np.uint64(low)) & np.uint64((1 << width) - 1)


def read_frames(payload, begin, end, what):
    """Return (crate, slot, stream, seq_ids, samples) of the frames of one stream; samples are (ticks, 64)."""
    words = np.frombuffer(payload, "<u8").reshape(-1, 900)
    want(end - begin, 2048 * len(words), f"{what}: window of {len(words)} frames")
    word = words[:, 0]
    fields = {}
    low = 0
    widths = {
        "version": 6,
        "det": 6,
        "crate": 10,
        "slot": 4,
        "stream": 8,
        "reserved": 6,
        "seq": 12,
        "length": 12,
    }
    for name, width in widths.items():
        fields[name] = bits_of(word, low, width).tolist()
        low += width
    for name, value in {"version": 4, "det": 3, "reserved": 0, "length": 898}.items():
        want(set(fields[name]), {value}, f"{what}: {name}")
    for name in ("crate", "slot", "stream"):
        want(len(set(fields[name])), 1, f"{what}: different values of {name}")
    want(words[:, 1].tolist(), [begin + 2048 * k for k in range(len(words))], f"{what}: timestamps")
    want(bool(words[:, 2:4].any()), False, f"{what}: words 2 and 3 set")
    rows = words[:, 4:].reshape(-1, 14).view(np.uint8)  # 112 bytes a sample
    bits = np.unpackbits(rows, axis=1, bitorder="little").reshape(len(rows), 64, 14)
    samples = bits.astype(np.uint16) @ (1 << np.arange(14)).astype(np.uint16)
    return (
        fields["crate"][0],
        fields["slot"][0],
        fields["stream"][0],
        fields["seq"],
        samples,
        checks_of(words),
    )


def checks_of(words):
    """Return the check of each frame, by the rule in docs/formats.md."""
    factor, half = np.uint64(0x9E3779B97F4A7C15), np.uint64(32)
    lanes = np.zeros((len(words), 32), np.uint64)
    lanes[:, :4] = words[:, :4]
    for row in range(4, 900, 32):
        lanes = (lanes ^ (lanes >> half)) * factor + words[:, row : row + 32]
    powers = np.array([pow(int(factor), lane + 1, 1 << 64) for lane in range(32)], np.uint64)
    return ((lanes ^ (lanes >> half)) * powers).sum(axis=1, dtype=np.uint64)


def read_tps(payload, what):
    """Return the columns of trigger primitives of version 1 or 2."""
    if not payload:
        sys.exit(f"{what}: no trigger primitives")
    columns = []
    if payload[0] == 2:
        want(len(payload) % 24, 0, f"{what}: bytes behind the last trigger primitive")
        for at in range(0, len(payload), 24):
            first, start, last = struct.unpack_from("<QQQ", payload, at)
            want(first & 0xFF, 2, f"{what}: version")
            flag, detid, channel, over = (
                first >> 8 & 0xFF,
                first >> 16 & 0xFF,
                first >> 24 & 0xFFFFFF,
                first >> 48,
            )
            columns.append(
                (flag, detid, channel, over, start, last & 0xFFFF, last >> 16 & 0xFFFFFFFF, last >> 48, 0, 0)
            )
    else:
        want(len(payload) % 56, 0, f"{what}: bytes behind the last trigger primitive")
        for at in range(0, len(payload), 56):
            version, start, top, over, channel, area, peak, detid, kind, algorithm, flag = struct.unpack_from(
                "<HxxxxxxQQQiIHHIIHxx", payload, at
            )
            want(version, 1, f"{what}: version")
            columns.append(
                (flag, detid, channel, over // 32, start, (top - start) // 32, area, peak, kind, algorithm)
            )
    return columns


def read_record(file, name, slices):
    """Return (run, bytes, streams by number, trigger primitives) of one record."""
    group = file[name]["RawData"]
    raw = {key: group[key][()].tobytes() for key in group}
    size = sum(map(len, raw.values()))
    [head] = [key for key in raw if key.startswith("TR_Builder_0x00000000_")]
    want(head.rsplit("_", 1)[1], ("TimeSlice" if slices else "TriggerRecord") + "Header", f"{name}: header")
    paths = json.loads(file[name].attrs["source_id_path_map"])["map_entries"]
    want({entry["path"] for entry in paths}, {f"/{name}/RawData/{key}" for key in raw}, f"{name}: paths")
    number, run, windows = (read_slice_header if slices else read_record_header)(
        raw.pop(head), f"{name}: {head}"
    )
    want(name, f"TimeSlice{number:06d}" if slices else f"TriggerRecord{number:06d}.0000", f"{name}: number")
    streams, tps = {}, []
    for key, data in raw.items():
        what = f"{name}: {key}"
        found = re.fullmatch("(Detector_Readout|Trigger)_0x([0-9a-f]{8})_(WIBEth|Trigger_Primitive)", key)
        subsystem, kind = (3, 6) if found[3] == "Trigger_Primitive" else (1, 12)
        again, begin, end, same, source, payload = read_fragment(data, kind, subsystem, what)
        want((again, same, f"{source:08x}"), (number, run, found[2]), f"{what}: number, run, source")
        if windows is not None:
            want(windows.pop((subsystem, source)), (begin, end), f"{what}: window")
        if kind == 6:
            tps += read_tps(payload, what)
        else:
            streams[source] = (begin, *read_frames(payload, begin, end, what))
    want(windows or {}, {}, f"{name}: requests without a fragment")
    return run, size, streams, tps


def in_channel_order(streams, places, channels, checks, name):
    """Return (crate, begin, seq_ids, samples in offline order) of the 40 streams of a record."""
    first = next(iter(streams.values()))
    samples = np.empty((len(first[5]), 2560), np.uint16)
    seen = []
    for source, (begin, crate, slot, stream, seq, own, check) in streams.items():
        want(
            places[1, source],
            stream << 48 | slot << 32 | crate << 16 | 3,
            f"{name}: geo id of source {source}",
        )
        want((begin, crate, seq), (first[0], first[1], first[4]), f"{name}: streams not in step")
        seen.append(8 * slot + 4 * (stream // 64) + stream % 64)
        if checks is not None:
            want(check.tolist(), checks[seen[-1]].tolist(), f"{name}: FrameChecks of source {source}")
        samples[:, channels[seen[-1]]] = own
    want(sorted(seen), list(range(40)), f"{name}: streams")
    want(sorted(channels.ravel().tolist()), list(range(2560)), "ChannelMap")
    return first[1], first[0], first[4], samples


def read(path):
    """Return everything that the file holds."""
    with h5py.File(path, "r") as file:
        slices, plain = file.attrs["record_type"] == "TimeSlice", "ChannelMap" not in file
        layout = json.loads(file.attrs["filelayout_params"])
        form = (
            layout["record_name_prefix"],
            layout["digits_for_sequence_number"],
            layout["raw_data_group_name"],
        )
        want(
            form,
            ("TimeSlice", 0, "RawData") if slices else ("TriggerRecord", 4, "RawData"),
            "filelayout_params",
        )
        names = [
            n for n in file if re.fullmatch(r"TimeSlice\d{6,}" if slices else r"TriggerRecord\d{6,}\.0000", n)
        ]
        geo = json.loads(file.attrs["source_id_geo_id_map"])["map_entries"]
        places = {(entry["subsys"], entry["id"]): entry["geoids"][0] for entry in geo}
        blocks, stamps, sequence, tps, size, crate = [], [], [], [], 0, -1
        for name in sorted(names):
            run, more, streams, some = read_record(file, name, slices)
            want(run, file.attrs["run_number"], f"{name}: run")
            size, tps = size + more, tps + some
            if streams:
                crate, begin, seq, samples = in_channel_order(
                    streams,
                    places,
                    np.arange(2560).reshape(40, 64) if plain else file["ChannelMap"][:],
                    None if plain else file[f"FrameChecks/{name}"][:],
                    name,
                )
                blocks.append(samples)
                stamps += [begin + 2048 * k for k in range(len(seq))]
                sequence += seq
        want(size, file.attrs["recorded_size"], "recorded_size")
        want(sequence, [(sequence[0] + k) % 4096 for k in range(len(sequence))], "seq_id of the run")
        return {
            "samples": np.concatenate(blocks) if blocks else np.zeros((0, 2560), np.uint16),
            "timestamps": np.array(stamps, np.uint64),
            "tps": np.array(tps, np.uint64).reshape(-1, 10),
            "facts": [crate, int(file.attrs["run_number"]), int(file.attrs["file_index"])],
        }


if __name__ == "__main__":
    np.savez(sys.argv[2], **read(sys.argv[1]))
