import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Where `vite` alone (without a node's own server in front) finds the API while the console is being worked on. */
const API = process.env['TREADLE_API'] ?? 'http://127.0.0.1:7400';

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    // Everything is a file of its own: the node serves the console under a policy that allows no inline resources.
    assetsInlineLimit: 0,
    // The charts are the one large chunk and are loaded when a page shows one.
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { '/api': API } },
});
