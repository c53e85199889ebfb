/** A point in time as a person reads it: the day is left out where it is today. */
export function timeWords(at: string | number | null): string {
  if (at === null) return ''
  const time = new Date(at)
  const today = time.toDateString() === new Date().toDateString()
  return today ? time.toLocaleTimeString() : time.toLocaleString()
}
