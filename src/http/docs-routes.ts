import { dirname } from 'node:path';
import express, { Router } from 'express';
import type { ApiHandler } from './exchange.js';
import { respond } from './json-response.js';

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Try the REST interface</title>
<link rel="icon" type="image/png" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
`;

/** Addresses are relative: a gateway may have put something before them. */
const START = `SwaggerUIBundle({ url: new URL('../openapi.json', document.currentScript.src).href, dom_id: '#swagger-ui', deepLinking: true, docExpansion: 'none', validatorUrl: null });
`;

/** A page on which people try the REST interface; everything on it comes from here. To be mounted at `/docs`. @param publicUrl where requests go, if that is another place */
export function docsRoutes(publicUrl: string): Router {
  const router = Router({ caseSensitive: true });
  const elsewhere = publicUrl === '' ? '' : ` ${new URL(publicUrl).origin}`;
  // The page sets styles from its script.
  const policy = `default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'${elsewhere}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  const show = (type: string, text: string): ApiHandler => (_request, response) => {
    response.setHeader('Content-Type', `${type}; charset=utf-8`);
    response.end(text);
  };
  const protect: ApiHandler = (_request, response, next) => {
    response.setHeader('Content-Security-Policy', policy);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Referrer-Policy', 'no-referrer');
    next();
  };
  router.use(protect);
  router.get('/', (request, response, next) => {
    if (request.originalUrl.split('?', 1)[0]?.endsWith('/')) respond(response, { status: 308, headers: { Location: '../docs' } });
    else next();
  }, show('text/html', PAGE));
  router.get('/start.js', show('text/javascript', START));
  router.use(express.static(dirname(require.resolve('swagger-ui-dist/package.json')), { index: false, redirect: false }));
  return router;
}
