/** What a person can mend: a stable code, what is the matter, what to do. */
export class ChangeError extends Error {
  constructor(code, message, hint) {
    super(message)
    this.code = `change.${code}`
    this.hint = hint
  }
}
