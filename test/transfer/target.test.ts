import { ownUrl } from '../../src/transfer/target.js';

it.each([
  ['127.0.0.1', 8080, 'http://127.0.0.1:8080'],
  ['0.0.0.0', 9000, 'http://127.0.0.1:9000'],
  ['::', 9000, 'http://127.0.0.1:9000'],
  ['::1', 9000, 'http://[::1]:9000'],
  ['roles.example.com', 80, 'http://roles.example.com:80'],
])('a service that listens on %s, %i is reached at %s', (host, port, url) => {
  expect(ownUrl({ host, port })).toBe(url);
});
