"""Commits a growing number to two SQLite files, always to the first and then to the second: the second is never ahead, nor more than
one behind. With `nested` it locks the second before the first and commits both while it holds both: then they never differ.
Prints one line when it has begun; ends when its input does. Usage: pair-writer.py FIRST SECOND LANE PAUSE_MS [nested]"""
import sqlite3
import sys
import threading
import time

first, second, lane, pause = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]) / 1000
nested = sys.argv[5:] == ['nested']
ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
connections = []
for path in (first, second):
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    connection.execute('CREATE TABLE IF NOT EXISTS counter (lane INTEGER PRIMARY KEY, value INTEGER, body BLOB)')
    connection.execute('INSERT OR IGNORE INTO counter VALUES (?, 0, NULL)', (lane,))
    connections.append(connection)
value = connections[0].execute('SELECT value FROM counter WHERE lane = ?', (lane,)).fetchone()[0]
print('ready', flush=True)
while not ended.is_set():
    value += 1
    if nested:
        for connection in reversed(connections):
            connection.execute('BEGIN IMMEDIATE')
            time.sleep(pause)
    for connection in connections:
        connection.execute('UPDATE counter SET value = ?, body = randomblob(2000) WHERE lane = ?', (value, lane))
    if nested:
        for connection in connections:
            connection.execute('COMMIT')
    time.sleep(pause)
print(value, flush=True)
