// Everything that this app asks of its own Rust side. The plugin's commands come from `tauri-plugin-ravi-api`.
import { invoke } from '@tauri-apps/api/core'

/** Which Ravi this run talks to. */
export interface About {
  /** The stand-in runs inside this app. */
  local: boolean
  /** Address of the Ravi that is asked. */
  server: string
}

export const about = () => invoke<About>('about')
