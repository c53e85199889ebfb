/** An error that a person can fix: a stable code, what is wrong, what to do. */
export class ChangeError extends Error {
  constructor(code, message, hint) {
    super(message)
    this.code = `change.${code}`
    this.hint = hint
  }
}
