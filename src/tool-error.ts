/** The task cannot be done, or not to its end; the message is for the operator. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
}
