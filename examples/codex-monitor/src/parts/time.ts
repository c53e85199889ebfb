/** A point in time for people to read; the date is left out if it is today. */
export function timeWords(at: string | number | null): string {
  if (at === null) return ''
  const time = new Date(at)
  const today = time.toDateString() === new Date().toDateString()
  return today ? time.toLocaleTimeString() : time.toLocaleString()
}
