export {type FileLockOptions, withConfigLock} from '../guest/file-lock.js'
