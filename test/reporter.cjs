/** Mocha's own report, and one line at the end that says it in words a script can read. */
const {Spec} = require('mocha').reporters

module.exports = class extends Spec {
  epilogue() {
    super.epilogue()
    process.stdout.write(`${this.stats.passes} passed, ${this.stats.failures} failed\n`)
  }
}
