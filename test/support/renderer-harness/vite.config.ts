// Serves and builds the harness; not part of the product's build.
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [react()],
  server: { fs: { allow: ['../../..'] } },
  build: {
    outDir: '../../../dist/renderer-harness',
    emptyOutDir: true,
    target: 'chrome140',
    chunkSizeWarningLimit: 4000,
  },
});
