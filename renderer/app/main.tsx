// The start of the page: connects to the engine and draws the console.
import { connectToEngine } from './connect.ts';
import { mountConsole } from './mount.tsx';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no root element');
mountConsole(root, connectToEngine());
