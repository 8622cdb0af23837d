// A fault for a server to be started with, by Node's `--import`: on SIGUSR2 what FAULT names, and nobody catches it.
process.on('SIGUSR2', () => {
  const fault = new Error('Spilt milk');
  if (process.env['FAULT'] === 'rejection') void Promise.reject(fault);
  else throw fault;
});
