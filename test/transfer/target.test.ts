import { ownUrl, serviceUrl } from '../../src/transfer/target.js';

it.each([
  ['127.0.0.1', 8080, 'http://127.0.0.1:8080'],
  ['0.0.0.0', 9000, 'http://127.0.0.1:9000'],
  ['::', 9000, 'http://127.0.0.1:9000'],
  ['::1', 9000, 'http://[::1]:9000'],
  ['roles.example.com', 80, 'http://roles.example.com:80'],
])('a service that listens on %s, %i is reached at %s', (host, port, url) => {
  expect(ownUrl({ host, port })).toBe(url);
});

it.each([
  ['http://here:8080', 'http://here:8080'],
  ['http://here:8080/tmf-api', 'http://here:8080'],
  ['https://here/crm/tmf-api', 'https://here/crm'],
  ['https://here/crm', 'https://here/crm'],
  ['http://tmf-api', 'http://tmf-api'],
  ['http://here/xtmf-api', 'http://here/xtmf-api'],
])('the service at %s is that at %s', (url, service) => {
  expect(serviceUrl(url, { basePath: '/tmf-api' })).toBe(service);
});
