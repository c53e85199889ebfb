import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const bindings = (file: string) => new URL(`../../guest-js/${file}`, import.meta.url).pathname

export default defineConfig({
  // Relative addresses: the app serves the pages from its own scheme.
  base: './',
  plugins: [react()],
  // Needed only here, beside the package's source. Your own app gets the package from npm and needs no alias.
  resolve: {
    alias: [
      { find: /^tauri-plugin-ravi-api$/, replacement: bindings('index.ts') },
      { find: /^tauri-plugin-ravi-api\/react$/, replacement: bindings('react/index.ts') },
    ],
  },
  clearScreen: false,
  build: { target: 'es2022', rollupOptions: { input: ['index.html', 'about.html'] } },
})
