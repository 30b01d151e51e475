import {expect} from 'chai'

import {parseText} from '../../../src/config/parse-text.js'

const folders = {file: '/etc/homelab/config.yaml', home: '/home/me'}
const PIN = Array.from({length: 32}, () => 'AB').join(':')

function problems(text: string): string[] {
  return parseText(text, folders)
    ._unsafeUnwrapErr()
    .map(({column, line, message, path, remedy}) => `${line}:${column} ${path ?? ''} ${message} | ${remedy}`)
}

describe('the text of a configuration file', () => {
  it('may be empty', () => {
    expect(parseText('', folders)._unsafeUnwrap()).to.deep.equal({contexts: {}, machineClasses: {}})
    expect(parseText('# nothing yet\n', folders).isOk()).to.equal(true)
  })

  it('is brought into one spelling', () => {
    const text = `
currentContext: lab
contexts:
  lab:
    endpoints: [pve1.lan, "https://pve2.lan:443/"]
    fingerprint: "${PIN.toLowerCase().replaceAll(':', '')}"
    token: {id: "automation@pve!homelab", secretCommand: "pass show 'pve/home lab'"}
    defaults: {cores: 2, memory: 2048, diskSize: 40, bridge: vmbr0, tags: [dev]}
    nodes:
      pve1: {storage: local-lvm, memory: 4GiB}
  ca:
    endpoints: https://10.0.0.1:8006
    caFile: ../ca.pem
    user: root@pam
    passwordFile: ~/secret
machineClasses:
  control-plane: {template: talos-1.9, cores: 4, node: pve2}
`
    const {contexts, currentContext, machineClasses} = parseText(text, folders)._unsafeUnwrap()
    expect(currentContext).to.equal('lab')
    expect(contexts.lab).to.deep.equal({
      name: 'lab',
      file: folders.file,
      endpoints: ['https://pve1.lan:8006', 'https://pve2.lan:443'],
      trust: {kind: 'pin', fingerprint: PIN},
      login: {
        kind: 'token',
        id: 'automation@pve!homelab',
        secret: {kind: 'command', argv: ['pass', 'show', 'pve/home lab']},
      },
      defaults: {cores: 2, memoryBytes: 2 ** 31, diskBytes: 40 * 2 ** 30, bridge: 'vmbr0', tags: ['dev']},
      nodes: {pve1: {storage: 'local-lvm', memoryBytes: 2 ** 32}},
    })
    expect(contexts.ca?.trust).to.deep.equal({kind: 'ca', file: '/etc/ca.pem'})
    expect(contexts.ca?.login).to.deep.equal({
      kind: 'password',
      username: 'root@pam',
      password: {kind: 'file', path: '/home/me/secret'},
    })
    expect(machineClasses['control-plane']).to.deep.equal({cores: 4, template: 'talos-1.9', node: 'pve2'})
  })

  it('says how OpenSSH reaches the nodes', () => {
    const text = `
contexts:
  lab:
    endpoints: https://pve1.lan:8006
    ssh: {user: admin, port: 2222, identityFile: ~/.ssh/lab, hosts: {pve1: pve1.lan, pve2: 2001:db8::2}}
`
    const {contexts} = parseText(text, folders)._unsafeUnwrap()
    expect(contexts.lab?.ssh).to.deep.equal({
      user: 'admin',
      port: 2222,
      identityFile: '/home/me/.ssh/lab',
      hosts: {pve1: 'pve1.lan', pve2: '2001:db8::2'},
    })
    expect(
      problems(`contexts:
  lab:
    endpoints: https://pve1.lan:8006
    ssh: {user: '-oProxyCommand=x', port: 70000, identiyFile: x, hosts: {pve1: '-x', pve2: 'a b'}}
`),
    ).to.deep.equal([
      '4:11 contexts.lab.ssh.user is not valid | write the name of a user, like root',
      '4:37 contexts.lab.ssh.port is not valid | write a number from 1 to 65535',
      '4:50 contexts.lab.ssh.identiyFile is not a known key | did you mean identityFile?',
      '4:74 contexts.lab.ssh.hosts.pve1 is not valid | write a name or an address, like pve1.lan',
      '4:86 contexts.lab.ssh.hosts.pve2 is not valid | write a name or an address, like pve1.lan',
    ])
  })

  it('says how full nodes may get, and which VMIDs new guests get', () => {
    const text = `
contexts:
  lab:
    endpoints: https://pve1.lan:8006
    placement: {memoryCeiling: 120}
    defaults: {vmids: 1000-1999}
    nodes: {pve2: {vmids: 2000-2999}}
machineClasses:
  cp: {vmids: 8000-8009}
`
    const {contexts, machineClasses} = parseText(text, folders)._unsafeUnwrap()
    expect(contexts.lab).to.deep.include({
      memoryCeiling: 1.2,
      defaults: {vmids: {first: 1000, last: 1999}},
      nodes: {pve2: {vmids: {first: 2000, last: 2999}}},
    })
    expect(machineClasses.cp).to.deep.equal({vmids: {first: 8000, last: 8009}})
    expect(
      problems(`contexts:
  lab: {endpoints: https://pve1.lan:8006, placement: {memoryCeiling: 0, memoryCeilin: 5}, defaults: {vmids: 900-100}}
`),
    ).to.deep.equal([
      '2:55 contexts.lab.placement.memoryCeiling is less than 1 | use 1 or more',
      '2:73 contexts.lab.placement.memoryCeilin is not a known key | did you mean memoryCeiling?',
      '2:102 contexts.lab.defaults.vmids is not valid | write the first and the last one, like 8000-8099',
    ])
  })

  it('reports every problem at once, in the order of the file', () => {
    const text = `currentContxt: lab
contexts:
  lab:
    endpoints: [https://pve1.lan:8006, "ftp://x"]
    fingerprnt: "AA"
    caFile: 3
    token: {id: "automation@pve", secretComand: "pass x"}
    defaults: {cores: two, memory: 4GiB, diskSize: big, memry: 3}
    nodes:
      pve1: {storag: local-lvm, cores: 0}
  "bad name":
    user: root
    passwordFile: a
    passwordEnv: b
  x: 7
  y: {endpoints: [], fingerprint: zz, user: a@b, token: {id: a@b!cc}}
machineClasses:
  cp: {template: 1, tags: k8s}
`
    expect(problems(text)).to.deep.equal([
      '1:1 currentContxt is not a known key | did you mean currentContext?',
      '4:40 contexts.lab.endpoints[1] is not the address of a Proxmox VE node | write it like https://pve1.lan:8006',
      '5:5 contexts.lab.fingerprnt is not a known key | did you mean fingerprint?',
      '6:5 contexts.lab.caFile is not a text | write a text',
      '7:13 contexts.lab.token.id is not the id of a token | write it like user@realm!name',
      '7:35 contexts.lab.token.secretComand is not a known key | did you mean secretCommand?',
      '8:16 contexts.lab.defaults.cores is not a whole number | write a whole number',
      '8:42 contexts.lab.defaults.diskSize is not valid | write GiB as a number, or a size like 40GiB',
      '8:57 contexts.lab.defaults.memry is not a known key | did you mean memory?',
      '10:14 contexts.lab.nodes.pve1.storag is not a known key | did you mean storage?',
      '10:33 contexts.lab.nodes.pve1.cores is less than 1 | use 1 or more',
      '11:3 contexts.bad name.endpoints is missing | add it',
      '11:3 contexts.bad name is no name for a context | use letters, digits, dot, dash and underscore',
      '12:5 contexts.bad name.user is not a user | write it with its realm, like root@pam',
      '14:5 contexts.bad name.passwordEnv stands beside passwordFile | keep one of them',
      '15:3 contexts.x is not a map of keys | write a map of keys',
      '16:7 contexts.y.endpoints is empty | fill it or remove it',
      '16:22 contexts.y.fingerprint is not a SHA-256 fingerprint | write 32 bytes in hex, like AA:BB:…; homelab auth login shows it',
      '16:39 contexts.y.user stands beside token | keep one of them',
      '16:50 contexts.y.token has no secret | add one of secret, secretFile, secretEnv, secretCommand',
      '18:8 machineClasses.cp.template is not a text | write a text',
      '18:21 machineClasses.cp.tags is not a list | write a list',
    ])
  })

  it('names the place of a syntax error', () => {
    expect(problems('contexts: {a: [\n')[0]).to.match(/^\d+:\d+ {2}is no valid YAML/)
    expect(problems('a: 1\na: 2\n')[0]).to.match(/^2:1 .*unique/)
  })

  it('wants a map at the top', () => {
    expect(problems('- a\n')).to.deep.equal(['1:1  is not a map of keys | write a map of keys'])
  })

  it('refuses a flood of aliases', () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n`
    expect(parseText(bomb, folders)._unsafeUnwrapErr()[0]?.remedy).to.equal('write it without aliases')
  })

  it('never shows a secret in a problem', () => {
    const text =
      'contexts: {lab: {endpoints: [a], password: hunter2-secret, token: {id: x, secret: [hunter2-secret], secretEnv: y}}}'
    const shown = JSON.stringify(parseText(text, folders)._unsafeUnwrapErr())
    expect(shown).to.include('token.secret').and.not.to.include('hunter2')
  })

  it('keeps a secret of its own hidden', () => {
    const settings = parseText(
      'contexts: {lab: {endpoints: [a], token: {id: "a@b!cc", secret: hunter2-secret}}}',
      folders,
    )._unsafeUnwrap()
    expect(JSON.stringify(settings)).not.to.include('hunter2')
    const login = settings.contexts.lab?.login
    expect(login?.kind === 'token' && login.secret.kind === 'value' && login.secret.value.reveal()).to.equal(
      'hunter2-secret',
    )
  })
})
