import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  // Relative addresses: the app serves the pages from its own scheme.
  base: './',
  plugins: [react()],
  // Only here, beside the package's source. An app of your own gets the package from npm and needs no alias.
  resolve: { alias: { 'tauri-plugin-ravi-api': new URL('../../guest-js/index.ts', import.meta.url).pathname } },
  clearScreen: false,
  build: { target: 'es2022' },
})
