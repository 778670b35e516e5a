"""Foreign writers for the tests: seeded, in a process of their own, with Python's own SQLite library.

usage: writers.py MODE DATABASE SEED SECONDS
Modes: transfer, bulk, delete, checkpoint, mixed, visitor (opens and closes the database for each row). The last line on standard output is a JSON summary.
"""
import json
import random
import sqlite3
import sys
import time

mode, path, seed, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
rnd = random.Random(seed)
db = None if mode == "visitor" else sqlite3.connect(path, timeout=10, isolation_level=None)
done = {"commits": 0, "rollbacks": 0, "busy": 0, "vacuums": 0, "checkpoints": 0}


def transfer():
    a, b = rnd.randrange(1, 101), rnd.randrange(1, 101)
    n = rnd.randrange(1, 50)
    db.execute("BEGIN IMMEDIATE")
    db.execute("UPDATE account SET balance = balance - ? WHERE id = ?", (n, a))
    db.execute("UPDATE account SET balance = balance + ? WHERE id = ?", (n, b))
    db.execute("COMMIT")
    done["commits"] += 1


def bulk():
    db.execute("BEGIN IMMEDIATE")
    for _ in range(rnd.randrange(1, 400)):
        db.execute("INSERT INTO entry(name, data) VALUES (?, ?)", ("n%d" % rnd.randrange(10**6), rnd.randbytes(rnd.randrange(10, 900))))
    if rnd.random() < 0.25:
        db.execute("ROLLBACK")
        done["rollbacks"] += 1
    else:
        db.execute("COMMIT")
        done["commits"] += 1


def delete():
    db.execute("DELETE FROM entry WHERE id IN (SELECT id FROM entry ORDER BY id LIMIT ?)", (rnd.randrange(1, 600),))
    done["commits"] += 1
    if rnd.random() < 0.04:
        db.execute("VACUUM")
        done["vacuums"] += 1


def checkpoint():
    db.execute("PRAGMA busy_timeout = 50")
    db.execute("PRAGMA wal_checkpoint(%s)" % rnd.choice(["PASSIVE", "FULL", "RESTART", "TRUNCATE"])).fetchall()
    done["checkpoints"] += 1
    time.sleep(rnd.random() * 0.2)


def visitor():
    visit = sqlite3.connect(path, timeout=0.02, isolation_level=None)
    try:
        visit.execute("INSERT INTO entry(name) VALUES ('visit')")
        done["commits"] += 1
    finally:
        visit.close()


steps = {"visitor": [visitor], "transfer": [transfer], "bulk": [bulk], "delete": [delete], "checkpoint": [checkpoint], "mixed": [transfer, transfer, bulk, delete]}[mode]
end = time.monotonic() + seconds
while time.monotonic() < end:
    try:
        rnd.choice(steps)()
        time.sleep(rnd.random() * 0.004)
    except sqlite3.OperationalError as error:
        if mode == "visitor" and ("readonly" in str(error) or "disk I/O" in str(error) or "unable to open" in str(error)):
            done["busy"] += 1
            continue
        if "locked" not in str(error) and "busy" not in str(error):
            raise
        done["busy"] += 1
        if db is not None and db.in_transaction:
            db.execute("ROLLBACK")
if db is not None:
    db.close()
print(json.dumps(done))
