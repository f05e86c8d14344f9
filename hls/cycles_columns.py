"""Columns of the tables that ``hls.cycles_kernel`` runs on.

>>> FIRST, KIND
(0, 0)
"""

from __future__ import annotations

#: Columns of the table of edges: kind, words, beats inside, largest number of them, ``m_valid``, this clock's push and
#: pop, room that every push so far has needed.
KIND, DEPTH, COUNT, MOST, SHOWN, PUSHED, POPPED, NEEDED = range(8)
WIRE, FIFO, DEEP = range(3)
#: Columns of the table of inputs and outputs: first and end of its edges in ``links``, beats per frame, beats in all,
#: place in the list of clocks, place and length of the recorded signal, register is full, a beat is held on offer,
#: place in its frame of the next beat, beats passed, words in its flags' FIFO, its push and its pop, room needed there.
FIRST, END, BEATS, TOTAL, CLOCKS, TRACE, LENGTH, FULL, HELD, PLACE, PASSED, FLAGS, PUSH, POP, ROOM = range(15)
#: In continuous mode a frame is a row, and a second word per row is pushed with its first beat: words in that FIFO, its
#: push and its pop, rows until one that is wanted (in either FIFO), rows from one output row to the next (0: frames).
ROWS, ROW_PUSH, ROW_POP, ROW_WAIT, END_WAIT, STRIDE = range(15, 21)
