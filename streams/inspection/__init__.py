"""What a file or a folder of a run holds: streams, rates, faults, samples by channel, TPs; a table and a picture."""
