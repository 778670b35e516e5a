"""An outside writer of a soak: so many commits a second, each a transfer, a new event and the removal of the oldest one.

usage: soak-writer.py DATABASE NAME RATE
Once a second one line of JSON: the latencies of the commits in tenths of a millisecond, from BEGIN to the return of COMMIT.
Ends when its standard input closes.
"""
import json
import random
import select
import sqlite3
import sys
import time

path, name, rate = sys.argv[1], sys.argv[2], float(sys.argv[3])
rng = random.Random(name)
db = sqlite3.connect(path, timeout=20, isolation_level=None)
db.execute("PRAGMA synchronous=NORMAL")
latencies, busy = [], 0
due = told = time.monotonic()
while not select.select([sys.stdin], [], [], 0)[0]:
    now = time.monotonic()
    if now - told >= 1:
        print(json.dumps({"latencies": latencies, "busy": busy}), flush=True)
        latencies, told = [], now
    if now < due:
        time.sleep(min(due - now, 0.05))
        continue
    # A writer that was held up goes on at its pace; it does not make up for what it missed.
    due = max(due + 1 / rate, now - 0.05)
    a, b, amount = rng.randrange(1, 1001), rng.randrange(1, 1001), rng.randrange(1, 100)
    began = time.perf_counter()
    try:
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE account SET balance = balance - ? WHERE id = ?", (amount, a))
        db.execute("UPDATE account SET balance = balance + ? WHERE id = ?", (amount, b))
        db.execute("INSERT INTO event (writer, body) VALUES (?, ?)", (name, rng.randbytes(400)))
        db.execute("DELETE FROM event WHERE id = (SELECT min(id) FROM event)")
        db.execute("COMMIT")
        latencies.append(round((time.perf_counter() - began) * 10000))
    except sqlite3.OperationalError:
        busy += 1
        if db.in_transaction:
            db.execute("ROLLBACK")
db.close()
