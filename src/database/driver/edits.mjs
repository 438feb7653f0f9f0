/**
 * What is mended in the driver, and why. `#n` is an issue or pull request of porsager/postgres; where there is none, the
 * fault has not been reported. test/driver.test.ts shows each fault mended.
 */

/** The version that the edits are made for. */
export const VERSION = '3.4.9';

const connection = [
  {
    why: 'no way to receive results in binary: hexadecimal bytea is twice as long. A raw query gets every column in binary',
    old: `      Bind(q.parameters, q.statement.types, q.statement.name, q.cursorName),`,
    now: `      Bind(q.parameters, q.statement.types, q.statement.name, q.cursorName, q.isRaw === true),`,
  },
  {
    why: 'the same, where the request is written',
    old: `  function Bind(parameters, types, statement = '', portal = '') {`,
    now: `  function Bind(parameters, types, statement = '', portal = '', binary = false) {`,
  },
  {
    why: 'the same, at the end of the request',
    old: `    b.i16(0)

    return b.end()
  }

  function Parse`,
    now: `    binary ? b.i16(1).i16(1) : b.i16(0)

    return b.end()
  }

  function Parse`,
  },
  {
    why: 'an error in mid-stream leaves the count of rows to the next statement, whose first rows are then lost (#1119 #1181)',
    old: `    query = results = errorResponse = null
    result = new Result()
    connectTimer.cancel()

    if (initial) {
      if (target_session_attrs) {`,
    now: `    query = results = errorResponse = null
    result = new Result()
    rows = 0

    if (initial) {
      if (target_session_attrs) {`,
  },
  {
    why: 'a statement that was cancelled, or a reservation, whose connection had yet to open, keeps that connection for ever (#751); connect_timeout ends before the question for types, which may never be answered',
    old: `      if (needsTypes) {
        initial.reserve && (initial = null)
        return fetchArrayTypes()
      }

      initial && !initial.reserve && execute(initial)
      options.shared.retries = retries = 0
      initial = null
      return
    }

    while (sent.length && (query = sent.shift()) && (query.active = true, query.cancelled))
      Connection(options).cancel(query.state, query.cancelled.resolve, query.cancelled.reject)

    if (query)
      return // Consider opening if able and sent.length < 50
`,
    now: `      if (needsTypes)
        return fetchArrayTypes()

      const first = initial
      connectTimer.cancel()
      options.shared.retries = retries = 0
      initial = null
      if (!first.reserve && !first.cancelled) {
        execute(first)
        return
      }
    }
    connectTimer.cancel()

    // One that was cancelled behind another was sent: the server answers it too, so it stays the current one.
    if (sent.length) {
      query = sent.shift()
      query.active = true
      query.cancelled && Connection(options).cancel(query.state, query.cancelled.resolve, query.cancelled.reject)
      return
    }
`,
  },
  {
    why: 'after a lost connection its statement, error, buffer and timer stay: old errors answer new statements, or nothing is written any more (#1223 #1130); closed before it is ready, it connects again without end',
    old: `    socket.removeAllListeners()
    socket = null

    if (initial)
      return reconnect()

    !hadError && (query || sent.length) && error(Errors.connection('CONNECTION_CLOSED', options, socket))
    closedTime = performance.now()
    hadError && options.shared.retries++
    delay = (typeof backoff === 'function' ? backoff(options.shared.retries) : backoff) * 1000
    onclose(`,
    now: `    socket.removeAllListeners()
    socket = null

    closedTime = performance.now()
    hadError && options.shared.retries++
    delay = (typeof backoff === 'function' ? backoff(options.shared.retries) : backoff) * 1000
    chunk = nextWriteTimer = null

    const again = host.length > 1 && initial // another host may take it
    again && (initial = null)
    rejectAll(Errors.connection('CONNECTION_CLOSED', options, socket))
    query = results = errorResponse = final = null
    result = new Result()
    rows = 0
    if (again) {
      initial = again
      return reconnect()
    }

    ended && (ended(), ending = ended = null)
    onclose(`,
  },
  {
    why: 'a COPY in that fails when its data has ended never settles (#1173)',
    old: `  function errored(err) {
    stream && (stream.destroy(err), stream = null)
`,
    now: `  function rejectAll(err) {
    errored(err)
    while (sent.length)
      queryError(sent.shift(), err)
  }

  function errored(err) {
    final && (final(err), final = null)
    stream && (stream.destroy(err), stream = null)
`,
  },
  {
    why: 'a transaction goes on after the death of its connection: the process dies of a null socket (#1208 #1155), or a dead connection counts as busy for ever',
    old: `    if (terminated)
      return queryError(q, Errors.connection('CONNECTION_DESTROYED', options))
`,
    now: `    if (terminated || !socket)
      return (queryError(q, Errors.connection(terminated ? 'CONNECTION_DESTROYED' : 'CONNECTION_CLOSED', options)), true)
`,
  },
  {
    why: 'begin behind a running statement is sent, but its connection goes back to the pool inside the transaction; a parameter that cannot be built rejects the statement before it',
    old: `      return write(toBuffer(q))
        && !q.describeFirst
        && !q.cursorFn
        && sent.length < max_pipeline
        && (!q.options.onexecute || q.options.onexecute(connection))
    } catch (error) {
      sent.length === 0 && write(Sync)
      errored(error)
      return true
    }`,
    now: `      const ready = write(toBuffer(q))
        && !q.describeFirst
        && !q.cursorFn
        && sent.length < max_pipeline
      q.options.onexecute && q.options.onexecute(connection)
      return ready && !q.options.onexecute
    } catch (error) {
      if (q === query && sent.length === 0) {
        write(Sync)
        errored(error)
      } else {
        sent.remove(q)
        queryError(q, error)
      }
      return true
    }`,
  },
  {
    why: 'a callback or parser that throws is called for every later row of its statement',
    old: `        query && (query.cursorFn || query.describeFirst) && write(Sync)
        errored(e)
      }
      incoming =`,
    now: `        query && (query.cursorFn || query.describeFirst) && write(Sync)
        query && (query.threw = true)
        errored(e)
      }
      incoming =`,
  },
  {
    why: 'a callback or parser that throws is called for every later row of its statement (2)',
    old: `  function DataRow(x) {
    let index = 7`,
    now: `  function DataRow(x) {
    if (query.threw)
      return

    let index = 7`,
  },
  {
    why: 'the question for types has no one who hears that it failed: the process dies (#279 #1192 #1205). A connection without types would read and write lists wrongly, so it ends',
    old: `  async function fetchArrayTypes() {
    needsTypes = false
    const types = await new Query([\``,
    now: `  async function fetchArrayTypes() {
    needsTypes = false
    const types = await arrayTypes().catch(noop)
    types
      ? types.forEach(({ oid, typarray }) => addArrayType(oid, typarray))
      : socket && socket.destroy()
  }

  async function arrayTypes() {
    return await new Query([\``,
  },
  {
    why: 'the question for types has no one who hears that it failed (2)',
    old: `    \`], [], execute)
    types.forEach(({ oid, typarray }) => addArrayType(oid, typarray))
  }`,
    now: `    \`], [], execute)
  }`,
  },
  {
    why: 'a statement that is prepared anew sends its parameters as text of their text: true becomes false (#1197, merged as #1198)',
    old: `      parameters[i] = x = type in options.serializers`,
    now: `      x = type in options.serializers`,
  },
  {
    why: 'a pool that ended while a connection waited to be made has it made afterwards',
    old: `    setTimeout(connect, closedTime ?`,
    now: `    setTimeout(() => initial && connect(), closedTime ?`,
  },
  {
    why: 'a pool that ended while a socket was being made connects it afterwards',
    old: `    if (!socket)
      return

    connectTimer.start()`,
    now: `    if (!socket)
      return

    if (terminated)
      return socket.destroy()

    connectTimer.start()`,
  },
  {
    why: 'an ended connection leaves its buffer, and its socket where that is not open yet or the other side has vanished',
    old: `    if (stream || query || initial || sent.length)
      error(Errors.connection('CONNECTION_DESTROYED', options))

    clearImmediate(nextWriteTimer)
    if (socket) {
      socket.removeListener('data', data)
      socket.removeListener('connect', connected)
      socket.readyState === 'open' && socket.end(b().X().end())
    }`,
    now: `    if (stream || query || initial || sent.length)
      rejectAll(Errors.connection('CONNECTION_DESTROYED', options))

    clearImmediate(nextWriteTimer)
    chunk = nextWriteTimer = null
    if (socket) {
      const leaving = socket
      leaving.removeListener('data', data)
      leaving.removeListener('connect', connected)
      leaving.resume()
      leaving.readyState === 'open' ? leaving.end(b().X().end()) : leaving.destroy()
      setTimeout(() => leaving.destroy(), 1000).unref()
    }`,
  },
  {
    why: 'a socket that has room again gives a reserved connection to the pool',
    old: `    !query && onopen(connection)`,
    now: `    !query && !initial && !connection.reserved && !terminated && connection.queue === queues.full && onopen(connection)`,
  },
  {
    why: 'TLS options that Node refuses are an unhandled rejection',
    old: `    socket.removeAllListeners()
    socket = tls.connect(options)
    socket.on('secureConnect', connected)`,
    now: `    socket.removeAllListeners()
    try {
      socket = tls.connect(options)
    } catch (err) {
      socket.on('error', noop)
      socket.destroy()
      error(err)
      return closed(true)
    }
    socket.on('secureConnect', connected)`,
  },
  {
    why: 'a password function that rejects is an unhandled rejection',
    old: `  async function Authentication(x, type = x.readUInt32BE(5)) {
    (
      type === 3 ?`,
    now: `  function Authentication(x, type = x.readUInt32BE(5)) {
    const answering = (
      type === 3 ?`,
  },
  {
    why: 'a password function that rejects is an unhandled rejection (2)',
    old: `      type !== 0 ? UnknownAuth :
      noop
    )(x, type)
  }`,
    now: `      type !== 0 ? UnknownAuth :
      noop
    )(x, type)
    answering && answering.catch(err => {
      errored(err)
      socket && socket.destroy()
    })
  }`,
  },
  {
    why: 'a COPY in that fails never settles (#1173), and one that is given up without a connection throws',
    old: `  function CopyInResponse() {
    stream = new Stream.Writable({
      autoDestroy: true,
      write(chunk, encoding, callback) {
        socket.write(b().d().raw(chunk).end(), callback)
      },
      destroy(error, callback) {
        callback(error)
        socket.write(b().f().str(error + b.N).end())
        stream = null
      },
      final(callback) {
        socket.write(b().c().end())
        final = callback
        stream = null
      }
    })`,
    now: `  function CopyInResponse() {
    let isEnded = false
    const copy = stream = new Stream.Writable({
      autoDestroy: true,
      write(chunk, encoding, callback) {
        socket.write(b().d().raw(chunk).end(), callback)
      },
      destroy(error, callback) {
        callback(error)
        isEnded || socket && socket.write(b().f().str(error + b.N).end())
        stream === copy && (stream = null)
      },
      final(callback) {
        isEnded = true
        socket.write(b().c().end())
        final = callback
        stream = null
      }
    })`,
  },
  {
    why: 'a COPY out whose reader stops leaves the socket paused, so that its connection hangs (#499 #1016)',
    old: `  function CopyOutResponse() {
    stream = new Stream.Readable({
      read() { socket.resume() }
    })`,
    now: `  function CopyOutResponse() {
    const copy = stream = new Stream.Readable({
      read() { socket && socket.resume() },
      destroy(error, callback) {
        callback(error)
        stream === copy && (stream = null, socket && socket.resume())
      }
    })`,
  },
  {
    why: 'a COPY out that was read slowly leaves the socket paused, so that the next statement hangs (#499 #1016)',
    old: `  function CopyDone() {
    stream && stream.push(null)
    stream = null
  }`,
    now: `  function CopyDone() {
    stream && stream.push(null)
    stream = null
    socket.resume()
  }`,
  },
  {
    why: 'every read takes 64 kB anew, and most are copied behind the rest of the one before, so large results make Node collect garbage all the time. Reads share the room of incoming.mjs',
    old: `import b from './bytes.js'
`,
    now: `import b from './bytes.js'
import { Incoming } from './incoming.js'
`,
  },
  {
    why: 'the same, where the socket is made. Without TLS its event has the number of bytes that were read into the room',
    old: `        : new net.Socket()
    } catch (e) {
      error(e)
      return
    }
`,
    now: `        : ssl ? new net.Socket() : reading(incoming = new Incoming())
    } catch (e) {
      error(e)
      return
    }
`,
  },
  {
    why: 'the same, where it is read',
    old: `  async function createSocket() {`,
    now: `  function reading(into) {
    const x = new net.Socket({
      onread: {
        buffer: () => into.room(),
        callback: size => (x.emit('data', size), true)
      }
    })
    return x
  }

  async function createSocket() {`,
  },
  {
    why: 'the same, where the room is',
    old: `    , incoming = Buffer.alloc(0)
    , needsTypes`,
    now: `    , incoming = new Incoming()
    , needsTypes`,
  },
  {
    why: 'the same, where messages are taken out of it',
    old: `    if (incomings) {
      incomings.push(x)
      remaining -= x.length
      if (remaining > 0)
        return
    }

    incoming = incomings
      ? Buffer.concat(incomings, length - remaining)
      : incoming.length === 0
        ? x
        : Buffer.concat([incoming, x], incoming.length + x.length)

    while (incoming.length > 4) {
      length = incoming.readUInt32BE(1)
      if (length >= incoming.length) {
        remaining = length - incoming.length
        incomings = [incoming]
        break
      }

      try {
        handle(incoming.subarray(0, length + 1))
      } catch`,
    now: `    if (typeof x !== 'number') {
      incoming.room(x.length).set(x)
      x = x.length
    }
    incoming.end += x

    let message
    while ((message = incoming.next()) !== null) {
      try {
        handle(message)
      } catch`,
  },
  {
    why: 'the same, after each message',
    old: `      incoming = incoming.subarray(length + 1)
      remaining = 0
      incomings = null
    }`,
    now: `    }`,
  },
  {
    why: 'the same, where a connection is lost',
    old: `    incoming = Buffer.alloc(0)
    remaining = 0
    incomings = null
    clearImmediate`,
    now: `    incoming = new Incoming()
    clearImmediate`,
  },
  {
    why: 'the same, where a COPY out keeps its data',
    old: `stream.push(x.subarray(5))`,
    now: `stream.push(Buffer.from(x.subarray(5)))`,
  },
  {
    why: 'the same, where raw rows are kept in a list',
    old: `        : query.isRaw === true
          ? x.subarray(index, index += length)`,
    now: `        : query.isRaw === true
          ? query.forEachFn ? x.subarray(index, index += length) : Buffer.from(x.subarray(index, index += length))`,
  },
].map((edit) => ({ file: 'connection.js', ...edit }));

const index = [
  {
    why: 'a transaction whose connection died goes on in the next session (#1133), and what waits in its queue never settles',
    old: `    let savepoints = 0
      , connection
      , prepare = null
`,
    now: `    let savepoints = 0
      , connection
      , reservation
      , lost = null
      , prepare = null
`,
  },
  {
    why: 'a transaction whose connection died goes on in the next session (2)',
    old: `        new Promise((_, reject) => connection.onclose = reject)`,
    now: `        new Promise((_, reject) => connection.onclose = e => {
          lost = e
          while (queries.length)
            queries.shift().reject(e)
          reject(e)
        })`,
  },
  {
    why: 'a transaction whose connection died goes on in the next session (3)',
    old: `        q.catch(e => uncaughtError || (uncaughtError = e))
        c.queue === full`,
    now: `        q.catch(e => uncaughtError || (uncaughtError = e))
        if (lost)
          return q.reject(lost)

        c.queue === full`,
  },
  {
    why: 'a failed commit sends no rollback: the connection stays in its transaction',
    old: `        prepare
          ? await sql\`prepare transaction '\${ sql.unsafe(prepare) }'\`
          : await sql\`commit\`
      }`,
    now: `        try {
          prepare
            ? await sql\`prepare transaction '\${ sql.unsafe(prepare) }'\`
            : await sql\`commit\`
        } catch (e) {
          c.reserved === reservation && await sql\`rollback\`.catch(() => { /* the first error says more */ })
          throw e
        }
      }`,
  },
  {
    why: 'a cancelled statement in the queue of a transaction stops that queue',
    old: `      c.reserved = () => queries.length
        ? c.execute(queries.shift())
        : move(c, reserved)
    }
  }`,
    now: `      c.reserved = reservation = () => {
        while (queries.length) {
          const q = queries.shift()
          if (!q.cancelled)
            return c.execute(q)
        }
        move(c, reserved)
      }
    }
  }`,
  },
  {
    why: 'a reserved connection that died is given back to the pool as an open one (#1195 #1199)',
    old: `    c.reserved.release = true
`,
    now: `    c.reserved.release = true
    const reservation = c.reserved
`,
  },
  {
    why: 'a reserved connection that died is given back to the pool as an open one (2)',
    old: `    sql.release = () => {
      c.reserved = null`,
    now: `    sql.release = () => {
      if (c.reserved !== reservation)
        return

      c.reserved = null`,
  },
  {
    why: 'a statement that is cancelled before it is sent takes a connection that it does not use',
    old: `    if (ending)
      return query.reject(Errors.connection('CONNECTION_ENDED', options, options))
`,
    now: `    if (ending)
      return query.reject(Errors.connection('CONNECTION_ENDED', options, options))

    if (query.cancelled)
      return
`,
  },
].map((edit) => ({ file: 'index.js', ...edit }));

const query = [
  {
    file: 'query.js',
    why: 'the connection that carries a cancel may be refused, and nobody hears of it: the process dies',
    old: `(this.canceller(this), this.canceller = null)`,
    now: `(this.canceller(this).catch(() => { /* the statement has its own end */ }), this.canceller = null)`,
  },
];

export const edits = [...connection, ...index, ...query];
