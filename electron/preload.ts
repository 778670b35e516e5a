// Runs in the sandboxed page before the page's own code: exposes connect() and nothing generic.
import { contextBridge, ipcRenderer } from 'electron';

const CHANNEL = 'holdfast:port';

ipcRenderer.on(CHANNEL, (event) => {
  const [port] = event.ports;
  // A port cannot cross the context bridge; a window message to our own origin can carry it.
  if (port) window.postMessage(CHANNEL, window.location.origin, [port]);
});

contextBridge.exposeInMainWorld('holdfast', { connect: () => ipcRenderer.send(CHANNEL) });
