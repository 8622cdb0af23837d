// A fault for a server, loaded with Node's `--import`: on SIGUSR2 it throws the error that FAULT names, uncaught.
process.on('SIGUSR2', () => {
  const fault = new Error('Spilt milk');
  if (process.env['FAULT'] === 'rejection') void Promise.reject(fault);
  else throw fault;
});
