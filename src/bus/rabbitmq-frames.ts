import type { ChannelModel } from 'amqplib';

/** Header of a message whose properties could not be read: their bytes, base64. */
export const UNREADABLE = 'unreadable-properties';

/** AMQP 0-9-1, section 2.3.5: type, channel, size; then the payload and an end mark. A content header begins with class, weight and body size. */
const FRAME_HEADER_BYTES = 7;
const CONTENT_HEADER = 2;
const CONTENT_HEADER_BYTES = 12;

/** What amqplib 2.3 keeps of a connection: the bytes that are not read yet, and how a frame is read from them. */
interface FrameReader {
  rest: Buffer;
  recvFrame: () => unknown;
}

/**
 * Keeps a connection alive over messages whose properties amqplib cannot read: tables nested so deep that the stack ends, or
 * types that it does not know. They would end the connection, and each one after it, since they come again. Such a message is
 * delivered with one header, `UNREADABLE`.
 */
export function readAnyProperties({ connection }: ChannelModel): void {
  const reader = connection as unknown as FrameReader;
  const read = reader.recvFrame.bind(reader);
  reader.recvFrame = () => {
    const bytes = reader.rest;
    try {
      return read();
    } catch (error) {
      // What was no frame at all was not taken.
      const frame = reader.rest === bytes ? undefined : withoutProperties(bytes);
      if (!frame) throw error;
      return frame;
    }
  };
}

/** The content header frame at the start of these bytes, as amqplib would have it; undefined when there is none. */
function withoutProperties(bytes: Buffer): object | undefined {
  if (bytes.length < FRAME_HEADER_BYTES || bytes[0] !== CONTENT_HEADER) return undefined;
  const payload = bytes.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + bytes.readUInt32BE(3));
  return {
    id: payload.readUInt16BE(0),
    channel: bytes.readUInt16BE(1),
    size: Number(payload.readBigUInt64BE(4)),
    fields: { headers: { [UNREADABLE]: payload.subarray(CONTENT_HEADER_BYTES).toString('base64') } },
  };
}
