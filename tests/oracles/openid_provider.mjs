// A certified OpenID Connect provider on a free port of this machine, with pages of its own to sign in and to agree.
// node openid_provider.mjs MODULES CLIENT_ID SECRET REDIRECT_URI: prints its address, then answers until it is stopped.
import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import { pathToFileURL } from 'node:url'

const [modules, client_id, client_secret, redirect_uri] = process.argv.slice(2)
const { default: Provider } = await import(pathToFileURL(`${modules}/oidc-provider/lib/index.js`))

const key = (kind, options, alg) => ({
  ...generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' }), use: 'sig', alg, kid: alg,
})

const server = createServer()
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`
  const provider = new Provider(issuer, {
    clients: [{ client_id, client_secret, redirect_uris: [redirect_uri], id_token_signed_response_alg: 'ES256' }],
    jwks: { keys: [key('rsa', { modulusLength: 2048 }, 'RS256'), key('ec', { namedCurve: 'P-256' }, 'ES256')] },
    cookies: { keys: ['of a test only'] },
    claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email', 'email_verified'] },
    findAccount: (_, sub) => ({
      accountId: sub,
      claims: () => ({
        sub, name: `${sub} of the ministry`, preferred_username: sub, email: `${sub}@works.example.org`,
        email_verified: true,
      }),
    }),
  })
  server.on('request', provider.callback())
  console.log(issuer)
})
