"""A foreign writer with an invariant: transfers between accounts, each commit with its own sequence number and times.

usage: writer.py DATABASE NAME MODE        MODE is transfer | churn
Every acknowledged commit is one line on stdout: `ack NAME SEQ BEGUN ENDED` (times in ms since 1970); errors are `err TEXT`.
Ends when its standard input closes.
"""
import random
import select
import sqlite3
import sys
import time


def now():
    return int(time.time() * 1000)


def main():
    path, name, mode = sys.argv[1:4]
    rng = random.Random(hash(name) & 0xFFFF)
    db = sqlite3.connect(path, timeout=20, isolation_level=None)
    db.execute("PRAGMA synchronous=NORMAL")
    seq = db.execute("SELECT coalesce(max(seq), 0) FROM mark WHERE writer = ?", (name,)).fetchone()[0]
    while not select.select([sys.stdin], [], [], 0)[0]:
        try:
            kind = rng.random()
            if mode == "churn" and kind < 0.03:
                db.execute("VACUUM")
                continue
            if mode == "churn" and kind < 0.08:
                db.execute("PRAGMA wal_checkpoint(%s)" % rng.choice(["PASSIVE", "FULL", "RESTART", "TRUNCATE"])).fetchall()
                continue
            begun = now()
            db.execute("BEGIN IMMEDIATE")
            for _ in range(rng.choice([1, 2, 5])):
                a, b, amount = rng.randrange(1, 501), rng.randrange(1, 501), rng.randrange(1, 100)
                db.execute("UPDATE account SET balance = balance - ? WHERE id = ?", (amount, a))
                db.execute("UPDATE account SET balance = balance + ? WHERE id = ?", (amount, b))
            if mode == "churn":
                db.execute("INSERT INTO bulk (writer, body) SELECT ?, randomblob(700) FROM account LIMIT ?", (name, rng.randrange(5, 120)))
                if rng.random() < 0.4:
                    db.execute("DELETE FROM bulk WHERE id % ? = 0", (rng.randrange(2, 6),))
            if rng.random() < 0.25:
                db.execute("ROLLBACK")
                continue
            db.execute("INSERT INTO mark (writer, seq, begun) VALUES (?, ?, ?)", (name, seq + 1, begun))
            db.execute("COMMIT")
            seq += 1
            print("ack", name, seq, begun, now(), flush=True)
        except sqlite3.OperationalError as error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            print("err", error, flush=True)
        time.sleep(rng.random() * 0.01)
    db.close()


main()
