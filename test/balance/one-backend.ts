/** The file of a balancer with one backend. */
export const BALANCER = {
  seed: '0123456789abcdef',
  vips: [
    {
      address: '198.51.100.1',
      port: 4_000,
      protocol: 'udp',
      backends: [{ address: '198.51.100.3', mac: '02:00:00:00:00:03' }],
    },
  ],
};
